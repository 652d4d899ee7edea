// Shows the entries of the log that match the filter, of which one is selected.

import {$, make, put} from "./element.js";
import {contains, matcher} from "./filter.js";
import * as log from "./log.js";
import {Rows} from "./rows.js";
import {clock, count, duration, hex, line, many, size} from "./text.js";

export let selected = null;
let shown = []; // what matches
let matches, select;
let following = true;
let paused = null; // what the log had then
let newer = 0; // entries since it was paused, or does not follow
let height; // of the box when that was looked at

const box = $("list");
const rows = new Rows(box, i => row(shown[i]), i => shown[i]?.id);

// listen sets what gets the selected entry, and whether to look inside.
export function listen(fn) {
	select = fn;
	log.listen(changed);
	filter();
}

export function follow() {
	following = true;
	pause(false);
}

function choose(entry, opened = false) {
	const i = shown.indexOf(entry);
	rows.element(shown.indexOf(selected))?.setAttribute("aria-selected", false);
	selected = entry;
	following &&= i === shown.length - 1;
	rows.reveal(i);
	rows.element(i).ariaSelected = true;
	point();
	select(entry, opened);
}

function point() {
	const e = rows.element(shown.indexOf(selected));
	if (e) box.setAttribute("aria-activedescendant", e.id);
	else box.removeAttribute("aria-activedescendant");
}

function pause(on) {
	paused = on ? [...log.entries] : null;
	newer = 0;
	$("pause").ariaPressed = on;
	put("pause", on ? "Resume" : "Pause");
	filter();
}

function find(step) {
	const all = found(), at = shown.indexOf(selected);
	if (!all.length) return;
	const next = step > 0 ? all.find(i => i > at) ?? all[0] : all.findLast(i => i < at) ?? all.at(-1);
	choose(shown[next]);
	put("found", `${count(all.indexOf(next) + 1)} of ${count(all.length)}`);
}

// found returns the indexes of the entries that have the text.
function found() {
	const text = $("find").value, has = contains(text);
	const all = text ? [...shown.keys()].filter(i => has(shown[i])) : [];
	put("found", text && many(all.length, "match", "matches"));
	return all;
}

function filter() {
	matches = matcher($("filter").value, $("direction").value, $("type").value);
	shown = (paused || log.entries).filter(matches);
	rows.update(shown.length);
	found();
	show();
}

function changed(added) {
	const oldest = log.entries[0]?.id;
	if (!oldest) {
		select(selected = null);
		return follow();
	}
	const more = added.filter(e => e.id >= oldest && matches(e));
	if (paused || !following) newer += more.length;
	if (!paused) {
		const left = shown.filter(e => e.id >= oldest), gone = shown.length - left.length;
		shown = left.concat(more);
		rows.update(shown.length, following ? 0 : gone);
	}
	show();
}

function show() {
	const none = !log.entries.length;
	$("empty").hidden = !none;
	$("columns").hidden = none;
	$("no-match").hidden = none || shown.length > 0;
	$("follow").hidden = paused ? !newer : following;
	put("follow", newer ? `↓ ${count(newer)} newer` : "↓ Follow");
	put("dropped", log.dropped ? `${count(log.dropped)} older not kept` : "");
	if (following && !paused) rows.reveal(shown.length - 1);
	height = box.clientHeight;
	point();
}

function row(e) {
	const way = make("span", {class: "way"}, {sent: "↑", received: "↓"}[e.direction] || "");
	way.append(make("span", {class: "unseen"}, e.direction || ""));
	const cell = (name, text) => make("span", {class: name}, text);
	return make("div", {
		role: "option", id: `entry-${e.id}`, class: "row", "aria-selected": e === selected, "data-direction": e.direction || "", "data-kind": e.kind,
	}, cell("time", clock(e.time)), cell("since", e.since === undefined ? "" : "+" + duration(e.since)), way,
	cell("type", log.typeOf(e)), cell("size", e.size === undefined ? "" : size(e.size)), cell("what", content(e)));
}

function content(e) {
	const name = e.name ? line(e.name, 60) + ": " : "";
	if (!e.data || log.isText(e)) return name + line(e.data ?? e.text, 300);
	return name + hex(e.data.subarray(0, 48)) + (e.size > 48 ? " …" : "");
}

box.addEventListener("scroll", () => {
	point();
	if (paused || height !== box.clientHeight || rows.atEnd === following) return;
	following = rows.atEnd;
	newer = 0;
	show();
});
new ResizeObserver(show).observe(box);
box.onclick = e => {
	const row = e.target.closest("[role=option]");
	if (row) choose(shown.find(entry => entry.id === row.key), true);
};
box.onkeydown = e => {
	if (e.ctrlKey || e.altKey || e.metaKey) return;
	const last = shown.length - 1, {page} = rows;
	const step = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity}[e.key];
	if (step && last >= 0) {
		const at = shown.indexOf(selected);
		const to = at < 0 ? last : Math.min(Math.max(at + step, 0), last);
		following = to === last;
		choose(shown[to]);
		show();
	} else if (e.key === "Enter" && selected) {
		select(selected, true);
	} else {
		return;
	}
	e.preventDefault();
};
$("filter").oninput = $("direction").onchange = $("type").onchange = filter;
$("show-all").onclick = () => {
	$("filter").value = $("direction").value = $("type").value = "";
	filter();
	$("filter").focus();
};
$("pause").onclick = () => pause(!paused);
$("follow").onclick = () => {
	follow();
	box.focus();
};
$("clear").onclick = log.clear;
$("find").oninput = found;
$("find").onkeydown = e => { if (e.key === "Enter") find(e.shiftKey ? -1 : 1); };
$("find-on").onclick = () => find(1);
$("find-back").onclick = () => find(-1);
