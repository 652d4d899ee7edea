// The details beside the log, of which one tab is shown.

import {$, chosen} from "./element.js";

const tabs = document.getElementsByName("tab");

export function show(name) {
	chosen("tab", name);
	$("pane").hidden = false;
	for (const {value} of tabs) $(`tab-${value}`).hidden = value !== name;
}

// hide returns whether the details were shown.
export function hide() {
	if ($("pane").hidden) return false;
	const inside = $("pane").contains(document.activeElement);
	$("pane").hidden = true;
	if (inside) $("list").focus();
	return true;
}

// uncover shows the log where there is no room for both.
export function uncover() {
	if ($("pane").offsetWidth === $("events").offsetWidth && chosen("tab") !== "canvas") hide();
}

// offer shows a tab, or takes it away.
export function offer(name, on) {
	const label = [...tabs].find(e => e.value === name).parentNode, was = !label.hidden;
	label.hidden = !on;
	if (on && !was) show(name);
	if (on || !was || chosen("tab") !== name) return;
	show("message");
	hide();
}

for (const {parentNode, value} of tabs) parentNode.hidden = value !== "message";
$("tab").onchange = () => show(chosen("tab"));
$("pane-close").onclick = hide;
