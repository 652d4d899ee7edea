// What the script of web-socket-js's sample page does: it logs the events of a socket into the
// document, newest first, and has functions for the form and the button.
var ws;

function init() {
  ws = new WebSocket("ws://" + location.host + "/");
  ws.onopen = function() {
    log("onopen");
  };
  ws.onmessage = function(event) {
    log("onmessage: " + event.data);
  };
  ws.onclose = function() {
    log("onclose");
  };
}

function submitted() {
  var field = document.getElementById("input");
  ws.send(field.value);
  log("send: " + field.value);
  field.value = "";
  field.focus();
}

function closeClicked() {
  ws.close();
}

function log(text) {
  var element = document.getElementById("log");
  text = text.replace(/&/, "&amp;").replace(/</, "&lt;").replace(/>/, "&gt;").replace(/"/, "&quot;");
  element.innerHTML = text + "<br>" + element.innerHTML;
}
