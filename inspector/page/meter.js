// Counts messages, and measures round trips by their echoes.

import {socket} from "./connection.js";
import {$, put} from "./element.js";
import {now} from "./log.js";
import {count, duration, joined, size} from "./text.js";

const seconds = 60; // of the plot
const longest = 16 << 10; // bytes of a message to compare
const each = new Map(); // messages by second
let total, waiting, trips;

export function reset() {
	total = {sent: [0, 0], received: [0, 0]}; // messages and bytes
	trips = []; // the last hundred
	ended();
	show();
}

export const ended = () => { waiting = []; };

export function add({direction, data, size, time}) {
	total[direction][0]++;
	total[direction][1] += size;
	const second = Math.floor(time / 1000);
	if (!each.has(second)) each.set(second, {sent: 0, received: 0});
	each.get(second)[direction]++;
	if (size > longest) return;
	const key = typeof data === "string" ? data : "\0" + String.fromCharCode(...data);
	if (direction === "sent") {
		waiting = [...waiting.slice(-63), {key, time}];
		return;
	}
	const i = waiting.findIndex(w => w.key === key);
	if (i < 0) return;
	trips = [...trips.slice(-99), time - waiting[i].time];
	waiting.splice(0, i + 1); // echoes come in order
}

function show() {
	const n = trips.length, median = trips.toSorted((a, b) => a - b)[n >> 1];
	put("trip", n ? joined(duration(trips[n - 1]), n > 1 && `median ${duration(median)}`) : "–");
	put("buffered", socket?.bufferedAmount ? `${size(socket.bufferedAmount)} wait to be sent` : "");
	const first = Math.floor(now() / 1000) - seconds; // up to the last whole second
	for (const s of each.keys()) if (s < first) each.delete(s);
	const values = way => Array.from({length: seconds}, (_, i) => each.get(first + i)?.[way] || 0);
	const all = {sent: values("sent"), received: values("received")};
	const top = Math.max(1, ...all.sent, ...all.received);
	for (const way in all) {
		const [messages, bytes] = total[way];
		put(way, `${count(messages)} · ${size(bytes)}`);
		$(`plot-${way}`).setAttribute("points", all[way].map((v, i) => `${2 * i},${23 - 22 * v / top}`).join(" "));
	}
	put("rate", count(all.sent.at(-1) + all.received.at(-1)));
}

reset();
setInterval(show, 500);
