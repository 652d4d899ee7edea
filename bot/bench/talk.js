// A bot sends 125 bytes again and again, and prints how long the answers took, in
// microseconds. Its arguments are the URL, the milliseconds between messages, and their number.
const [url, pause, count] = bot.args;
const ws = new WebSocket(url), text = "x".repeat(125), times = [];
let sent, timer, left = +count;
ws.onopen = () => {
  timer = setInterval(() => {
    if (left-- === 0) {
      clearInterval(timer);
      ws.close(1000);
      return;
    }
    sent = performance.now();
    ws.send(text);
  }, +pause);
};
ws.onmessage = () => { times.push(Math.round((performance.now() - sent) * 1000)); };
ws.onclose = () => console.log(JSON.stringify(times));
