// Says something to an echo server, and prints the answer.
const ws = new WebSocket(bot.args[0] ?? "ws://127.0.0.1:10081/");
ws.onopen = () => ws.send(`hello from bot ${bot.number}`);
ws.onmessage = ({ data }) => {
  console.log(data);
  ws.close(1000);
};
ws.onclose = ({ code, wasClean }) => console.log(`closed with ${code}, ${wasClean ? "clean" : "not clean"}`);
