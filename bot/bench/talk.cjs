// What talk.js does, with npm ws, for all bots in one engine. The arguments are the folder of
// ws, those of talk.js, the number of bots, and the milliseconds in which they start.
const [folder, url, pause, count, bots, ramp] = process.argv.slice(2);
const WebSocket = require(folder);
const text = "x".repeat(125);

function talk() {
  const ws = new WebSocket(url, { perMessageDeflate: false }), times = [];
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
}
for (let i = 0; i < +bots; i++) setTimeout(talk, (i * +ramp) / +bots);
