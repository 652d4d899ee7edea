// A person at web-socket-js's sample page, who sends a text with the form and presses the
// button when the answer is there.
init();
ws.addEventListener("open", () => {
  document.getElementById("input").value = "<b> & \"c\"";
  onSubmit();
});
ws.addEventListener("message", onCloseClick);
ws.addEventListener("close", () => console.log(document.getElementById("log").innerHTML));
