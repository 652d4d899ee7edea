// Connects the parts of the page to each other.

import {received, say} from "./announce.js";
import * as canvas from "./canvas.js";
import {command} from "./command.js";
import * as compose from "./compose.js";
import * as connection from "./connection.js";
import * as detail from "./detail.js";
import {$, chosen, make, put} from "./element.js";
import {read, write} from "./journal.js";
import * as keys from "./keys.js";
import * as list from "./list.js";
import * as log from "./log.js";
import * as meter from "./meter.js";
import * as pane from "./pane.js";
import * as server from "./serverside.js";
import {joined, line, many} from "./text.js";

function show(text) {
	put("details", line(text));
	$("details").className = text.length > 60 ? "long" : "grow";
}

function tell(text) {
	show(text);
	say(line(text));
}

function fail(text) {
	log.add({kind: "error", text});
	tell(text);
}

function wanted() {
	const url = $("url").value = connection.complete($("url").value);
	if (!URL.canParse(url)) return fail(`${url} is not a URL`);
	return {
		url,
		protocols: $("protocols").value.split(/[\s,]+/).filter(p => p),
		again: () => $("again").checked,
		before() {
			server.stop();
			pane.offer("server", $("observe").checked);
			return $("observe").checked && server.watch(url);
		},
	};
}

function toggle() {
	const {state} = connection, code = $("close-code").value, reason = $("close-reason").value, settings = state === "closed" && wanted();
	if (settings) {
		meter.reset();
		connection.connect(settings);
		history.replaceState([settings.url, $("protocols").value], "");
	} else if (state !== "closed" && state !== "closing") {
		connection.disconnect(...code || reason ? [Number(code || 1000), reason] : []);
	}
}

function changed() {
	const {state, socket} = connection, open = state === "open";
	const mirror = open && connection.mirrors();
	document.body.dataset.state = state;
	put("state", state);
	put("connect", state === "closed" ? "Connect" : "Disconnect");
	$("connect").ariaDisabled = state === "closing";
	$("url").readOnly = $("protocols").readOnly = state !== "closed";
	if (open) show(joined(socket.protocol, socket.extensions));
	else meter.ended();
	pane.offer("canvas", mirror);
	compose.update();
	if (open && document.activeElement.matches("body, #connection *")) $(mirror ? "canvas" : "message").focus({preventScroll: true});
}

connection.listen(changed, entry => {
	const {kind, direction, data, code, text} = entry;
	log.add(entry);
	if (kind === "message") {
		meter.add(entry);
		if (direction === "sent") return;
		received(data);
		if (connection.mirrors()) canvas.draw(data);
	} else if (kind !== "open" && code !== 1006) {
		tell(kind === "close" ? `closed with ${text}` : text);
	}
});
$("connection").onsubmit = e => {
	e.preventDefault();
	toggle();
};
compose.listen(() => {
	pane.uncover();
	list.follow();
}, say);

list.listen((entry, opened) => {
	detail.show(entry);
	if (opened) pane.show("message");
});
$("reuse").onclick = () => {
	pane.uncover();
	compose.edit(list.selected.data);
};

// copy works without https, too, unlike navigator.clipboard.
function copy(text, what) {
	document.oncopy = e => {
		e.clipboardData.setData("text/plain", text);
		e.preventDefault();
	};
	tell(document.execCommand("copy") ? `${what} copied` : "the browser does not copy that");
	document.oncopy = null;
}

$("copy").onclick = () => copy(detail.copied(), "message");
$("copy-command").onclick = () => {
	const settings = wanted();
	if (settings) copy(command(settings), "command");
};

$("save").onclick = () => {
	log.flush();
	const href = URL.createObjectURL(write(log.entries)), cut = log.entries.filter(e => e.cut).length;
	make("a", {href, download: `airsocket-${new Date().toISOString().replace(/:|\..*/g, "")}.jsonl`}).click();
	setTimeout(() => URL.revokeObjectURL(href), 60e3);
	if (cut) fail(`the file has only the beginning of ${many(cut, "message")}`);
};

$("load").onclick = () => $("load-file").click();
$("load-file").onchange = async () => {
	const [file] = $("load-file").files;
	let n = 0;
	try {
		await read(file, entry => {
			if (!n++) log.clear();
			log.add(entry);
		});
		log.flush();
		tell(`${file.name} has ${many(n, "entry", "entries")}`);
	} catch (e) {
		fail(`${file.name}: ${e.message}`);
	}
	$("load-file").value = "";
};

for (const e of document.querySelectorAll("[aria-expanded]")) e.onclick = () => { e.ariaExpanded = e.ariaExpanded === "false"; };

keys.listen({
	o: ["connect, disconnect", () => $("connect").click()],
	u: ["to the URL", () => $("url").select()],
	m: ["to the message", () => $(chosen("format") === "file" ? "file" : "message").focus()],
	l: ["to the log", () => $("list").focus()],
	e: ["to the end of the log, and follow", list.follow],
	p: ["pause, resume", () => $("pause").click()],
	"/": ["filter", () => $("filter").select()],
	c: ["copy the selected entry", () => list.selected && $("copy").click()],
	r: ["edit and send the selected message", () => $("reuse").hidden || $("reuse").click()],
	s: ["save the log", () => $("save").click()],
}, pane.hide);

// A reload keeps these. Below a path, the root of the host is something else.
[$("url").value, $("protocols").value] = history.state ?? [location.pathname === "/" ? connection.complete("/") : "", ""];
