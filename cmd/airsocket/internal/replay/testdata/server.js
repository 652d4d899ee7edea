// An echo server with ws of npm. Its arguments are the folder of ws, and what it puts before
// each text that it sends back.
const [folder, before] = process.argv.slice(2);
const server = new (require(folder).WebSocketServer)({
  port: 0,
  host: "127.0.0.1",
  handleProtocols: (asked) => (asked.has("b") ? "b" : false),
});
server.on("connection", (socket) => {
  socket.on("message", (data, binary) => {
    if (!binary && data.toString() === "bye") {
      socket.close(4000, "as you like");
    } else {
      socket.send(binary ? data : before + data, { binary });
    }
  });
});
server.on("listening", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
