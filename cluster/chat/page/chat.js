"use strict";

const state = document.getElementById("state");
const messages = document.getElementById("messages");
const form = document.querySelector("form");
const nameInput = document.getElementById("name");
const textInput = document.getElementById("text");
const button = document.querySelector("button");

const most = 200; // messages on the page
let ws;

function element(tag, text) {
  const e = document.createElement(tag);
  e.textContent = text;
  return e;
}

function show(m) {
  const article = document.createElement("article");
  article.dataset.node = m.node;
  if (m.error) {
    article.className = "error";
    article.append(element("p", m.error));
  } else {
    article.append(element("h2", m.name), element("small", `node ${m.node}`), element("p", m.text));
  }
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 50;
  messages.append(article);
  if (messages.childElementCount > most) messages.firstElementChild.remove();
  if (atEnd) messages.scrollTop = messages.scrollHeight;
}

function setState(text, node) {
  state.textContent = text;
  state.dataset.node = node;
  state.className = node ? "" : "lost";
  button.disabled = !node;
}

function connect() {
  ws = new WebSocket(location.href.replace(/^http/, "ws"));
  ws.onmessage = (e) => {
    const m = JSON.parse(e.data);
    if (m.name || m.error) {
      show(m);
    } else {
      document.title = `Chat on node ${m.node}`;
      setState(`connected to node ${m.node}`, m.node);
    }
  };
  ws.onclose = () => {
    setState("connection lost, trying again", "");
    setTimeout(connect, 1000);
  };
}

form.onsubmit = (e) => {
  e.preventDefault();
  ws.send(JSON.stringify({ name: nameInput.value, text: textInput.value }));
  textInput.value = "";
  textInput.focus();
};

connect();
