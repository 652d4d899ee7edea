// A Faye server on a port of its own, which it prints.
const http = require("http"), faye = require("faye");
const server = http.createServer();
new faye.NodeAdapter({ mount: "/bayeux", timeout: 20 }).attach(server);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
