// Each of many messages in one piece is a task of its own, in order.
let next = 0, pending = 0, wrong = 0;
const ws = new WebSocket(wsURL + '/do?many=1000&close=1000,');
ws.onmessage = ({data}) => {
  if (Number(data) !== next++ || pending !== 0) wrong++;
  pending++;
  Promise.resolve().then(() => { pending--; });
};
ws.onclose = () => { print(next, pending, wrong); done(); };
