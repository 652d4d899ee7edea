// A server with ws of npm that sends each message back after 20 ms, and each tenth one after
// 60 ms. Its argument is the folder of ws.
const server = new (require(process.argv[2]).WebSocketServer)({ port: 0, host: "127.0.0.1" });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
server.on("connection", (socket) => {
  let count = 0;
  let last = Promise.resolve();
  socket.on("message", (data, binary) => {
    const delay = ++count % 10 === 0 ? 60 : 20;
    last = last.then(() => sleep(delay)).then(() => socket.send(data, { binary }));
  });
});
server.on("listening", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
