"use strict";

const $ = id => document.getElementById(id);
const mirrorProtocol = "lws-mirror-protocol";
const maxEntries = 1000; // of the log
const maxPreview = 2000; // characters of a text
const maxDump = 64; // bytes of a binary

let socket = null;

// The log. New entries are shown together after a short wait, so that a flood
// of events does not block the page.

let waiting = [];
let dropped = 0;

function log(direction, type, size, content) {
  if (waiting.length === 0) setTimeout(write, 50);
  waiting.push({time: new Date(), direction, type, size, content});
  if (waiting.length > maxEntries) {
    waiting.shift();
    dropped++;
  }
}

function write() {
  const rows = document.createDocumentFragment();
  for (const entry of waiting) rows.append(row(entry));
  waiting = [];
  const table = $("log");
  table.append(rows);
  while (table.rows.length > maxEntries) {
    table.rows[0].remove();
    dropped++;
  }
  $("dropped").textContent = dropped ? `${dropped} older events are not shown` : "";
  if ($("follow").checked) $("frame").scrollTop = $("frame").scrollHeight;
}

function row(entry) {
  const tr = document.createElement("tr");
  tr.role = "row";
  tr.dataset.direction = entry.direction;
  tr.dataset.type = entry.type;
  const time = entry.time.toTimeString().slice(0, 8) + "." + String(entry.time.getMilliseconds()).padStart(3, "0");
  const arrow = {sent: "↑ sent", received: "↓ received"}[entry.direction] || "";
  for (const text of [time, arrow, entry.type, entry.size ?? "", entry.content]) {
    const td = document.createElement("td");
    td.role = "cell"; // not implied in the narrow layout, where it is not displayed as a table cell
    td.textContent = text; // never HTML: it comes from the peer
    tr.append(td);
  }
  return tr;
}

// Invisible characters, and characters that change how other text is shown, are
// escaped.
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

function preview(text) {
  const cut = text.length > maxPreview;
  const shown = (cut ? text.slice(0, maxPreview) : text)
    .replace(hidden, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  return cut ? shown + " …" : shown;
}

function dump(bytes) {
  const digits = Array.from(bytes.subarray(0, maxDump), b => b.toString(16).padStart(2, "0"));
  return digits.join(" ") + (bytes.length > maxDump ? " …" : "");
}

const utf8Length = text => new TextEncoder().encode(text).length;

// The connection.

const states = ["connecting", "open", "closing", "closed"];

function show() {
  const state = states[socket ? socket.readyState : WebSocket.CLOSED];
  $("state").textContent = state;
  document.body.dataset.state = state;
  $("connect").disabled = state !== "closed";
  $("disconnect").disabled = state !== "open" && state !== "connecting";
  $("send").disabled = $("send-file").disabled = state !== "open";
  const parts = [];
  if (state === "open") {
    parts.push(socket.url);
    if (socket.protocol) parts.push(socket.protocol);
    if (socket.extensions) parts.push(socket.extensions);
  }
  $("details").textContent = parts.join(" · ");
  const mirror = state === "open" && socket.protocol === mirrorProtocol;
  if (mirror === $("drawing").hidden) $("drawing").hidden = !mirror;
}

// complete returns what was typed as a URL. If it has no scheme, it gets wss on
// a page over https, and ws otherwise.
function complete(typed) {
  const url = typed.trim();
  if (/^[a-z][a-z0-9+.-]*:\//i.test(url)) return url;
  return (location.protocol === "https:" ? "wss://" : "ws://") + url;
}

function connect() {
  const url = $("url").value = complete($("url").value);
  const protocols = $("protocol").value.split(",").map(p => p.trim()).filter(p => p);
  let ws;
  try {
    ws = new WebSocket(url, protocols);
  } catch (e) {
    log("", "error", null, e.message);
    return;
  }
  socket = ws;
  ws.binaryType = "arraybuffer";
  ws.onopen = () => {
    log("", "open", null, [ws.url, ws.protocol, ws.extensions].filter(s => s).join(" · "));
    show();
    (ws.protocol === mirrorProtocol ? canvas : $("message")).focus({preventScroll: true});
  };
  ws.onmessage = e => {
    if (typeof e.data === "string") {
      log("received", "text", utf8Length(e.data), preview(e.data));
      if (ws.protocol === mirrorProtocol) draw(e.data);
    } else {
      log("received", "binary", e.data.byteLength, dump(new Uint8Array(e.data)));
    }
  };
  ws.onerror = () => log("", "error", null, "the browser gives no reason");
  ws.onclose = e => {
    log("", "close", null, `${e.code}${e.reason ? " " + preview(e.reason) : ""}${e.wasClean ? "" : " (without a closing handshake)"}`);
    show();
  };
  show();
}

function disconnect() {
  const code = $("close-code").value;
  try {
    if (code === "") socket.close();
    else socket.close(Number(code), $("close-reason").value);
  } catch (e) {
    log("", "error", null, e.message);
  }
  show();
}

// Sending.

function send(data, type, size, content) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return;
  socket.send(data);
  log("sent", type, size, content);
  showBuffered();
}

function sendText() {
  const text = $("message").value;
  send(text, "text", utf8Length(text), preview(text));
  $("message").select();
}

async function sendFile() {
  const file = $("file").files[0];
  if (!file) {
    log("", "error", null, "no file was chosen");
    return;
  }
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    send(bytes, "binary", bytes.length, `${preview(file.name)}: ${dump(bytes)}`);
  } catch (e) {
    log("", "error", null, `${preview(file.name)}: ${e.message}`);
  }
}

function showBuffered() {
  const n = socket && socket.readyState === WebSocket.OPEN ? socket.bufferedAmount : 0;
  $("buffered").textContent = n ? `${n} bytes waiting to be sent` : "";
  if (n) setTimeout(showBuffered, 100);
}

// The canvas of lws-mirror-protocol: "d COLOUR X1 Y1 X2 Y2;" is a line and
// "c COLOUR X Y R;" a circle. A line that is drawn here appears when the server
// sends it back.

const canvas = $("canvas");
const context = canvas.getContext("2d");
const colors = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$|^[a-z]{3,20}$/i;

function draw(text) {
  if (text.length > 64 * 1024) return;
  for (const command of text.split(";")) {
    const [what, color, ...rest] = command.trim().split(/\s+/);
    const n = rest.map(Number);
    if (!colors.test(color || "") || !n.every(Number.isFinite)) continue;
    context.strokeStyle = color;
    context.lineWidth = 2;
    context.beginPath();
    if (what === "d" && n.length === 4) {
      context.moveTo(n[0], n[1]);
      context.lineTo(n[2], n[3]);
    } else if (what === "c" && n.length === 3 && n[2] >= 0) {
      context.arc(n[0], n[1], n[2], 0, 2 * Math.PI);
    }
    context.stroke();
  }
}

function line(from, to) {
  if (socket && socket.readyState === WebSocket.OPEN && socket.protocol === mirrorProtocol) {
    const text = `d ${$("color").value} ${from.x} ${from.y} ${to.x} ${to.y};`;
    send(text, "text", text.length, text);
  }
}

let pen = null; // position of the pointer while it is down
let keys = {x: 240, y: 150}; // position of the pen that the arrow keys move

function point(e) {
  const box = canvas.getBoundingClientRect();
  return {
    x: Math.round((e.clientX - box.left) * canvas.width / box.width),
    y: Math.round((e.clientY - box.top) * canvas.height / box.height),
  };
}

canvas.onpointerdown = e => {
  canvas.setPointerCapture(e.pointerId);
  pen = keys = point(e);
};
canvas.onpointermove = e => {
  if (!pen) return;
  const to = point(e);
  line(pen, to);
  pen = keys = to;
};
canvas.onpointerup = canvas.onpointercancel = () => { pen = null; };
canvas.onkeydown = e => {
  const step = {ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5]}[e.key];
  if (!step) return;
  e.preventDefault();
  const to = {
    x: Math.min(Math.max(keys.x + step[0], 0), canvas.width),
    y: Math.min(Math.max(keys.y + step[1], 0), canvas.height),
  };
  if (e.shiftKey) line(keys, to);
  keys = to;
};

$("url").value = complete(location.host + "/");
$("connection").onsubmit = e => { e.preventDefault(); connect(); };
$("disconnect").onclick = disconnect;
$("messages").onsubmit = e => { e.preventDefault(); sendText(); };
$("message").onkeydown = e => {
  if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  $("messages").requestSubmit($("send"));
};
$("send-file").onclick = sendFile;
$("clear").onclick = () => {
  waiting = [];
  dropped = 0;
  $("log").replaceChildren();
  $("dropped").textContent = "";
};
$("clear-canvas").onclick = () => context.clearRect(0, 0, canvas.width, canvas.height);
show();
