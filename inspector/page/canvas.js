// The shared canvas: "d COLOR X1 Y1 X2 Y2;" is a line, "c COLOR X Y R;" a circle. A line that
// is drawn here appears when the server sends it back.

import {send} from "./connection.js";
import {$} from "./element.js";

const command = /([dc])\s+(#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]{3,20})\s+([\d.-][\d\s.-]*)(?:;|$)/gi;
const canvas = $("canvas"), context = canvas.getContext("2d");

export function draw(text) {
	for (const [, what, color, numbers] of String(text.slice(0, 1 << 16)).matchAll(command)) {
		const [x, y, ...rest] = numbers.trim().split(/\s+/).map(Number);
		if (rest.length !== (what === "d" ? 2 : 1)) continue;
		context.strokeStyle = color;
		context.lineWidth = 2;
		context.beginPath();
		if (what === "c") context.arc(x, y, Math.abs(rest[0]), 0, 2 * Math.PI);
		else {
			context.moveTo(x, y);
			context.lineTo(...rest);
		}
		context.stroke();
	}
}

let down = false, x = 240, y = 150;
const move = (toX, toY, drawn) => {
	if (drawn) send(`d ${$("color").value} ${x} ${y} ${toX} ${toY};`);
	[x, y] = [toX, toY];
};
const point = (e, drawn) => {
	const scale = canvas.width / canvas.clientWidth;
	move(Math.round(e.offsetX * scale), Math.round(e.offsetY * scale), drawn);
};
canvas.onpointerdown = e => {
	canvas.setPointerCapture(e.pointerId);
	down = true;
	point(e, false);
};
canvas.onpointermove = e => down && point(e, true);
canvas.onpointerup = canvas.onpointercancel = () => { down = false; };
canvas.onkeydown = e => {
	const step = {ArrowLeft: [-5, 0], ArrowRight: [5, 0], ArrowUp: [0, -5], ArrowDown: [0, 5]}[e.key];
	if (!step) return;
	e.preventDefault();
	const within = (v, max) => Math.min(Math.max(v, 0), max);
	move(within(x + step[0], canvas.width), within(y + step[1], canvas.height), e.shiftKey);
};
$("clear-canvas").onclick = () => context.clearRect(0, 0, canvas.width, canvas.height);
