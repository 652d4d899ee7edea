// A page that says something on a channel of Faye, and hears it.
var faye = new Faye.Client("/bayeux");
faye.addExtension({
  outgoing: function(message, callback) {
    if (message.connectionType) document.getElementById("transport").innerHTML = message.connectionType;
    callback(message);
  },
});
var heard = faye.subscribe("/chat/rooms", function(message) {
  console.log(message.user + ": " + message.text + " (" + document.getElementById("transport").innerHTML + ")");
  heard.cancel();
  faye.disconnect();
  bot.exit(0);
});
heard.then(function() {
  return faye.publish("/chat/rooms", { user: "bot", text: "hello" });
}).then(function() {
  console.log("published");
}, function(error) {
  console.log("failed: " + error.message);
});
