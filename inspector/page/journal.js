// The log as JSON lines, in the format of airsocket record (JOURNAL.md of the command).

import {fromBase64, toBase64} from "./encode.js";
import {escaped, joined} from "./text.js";

const ways = {sent: "out", received: "in", out: "sent", in: "received"};

export const write = entries => new Blob(entries.filter(e => e.kind !== "note").map(e => escaped(JSON.stringify(record(e))) + "\n"));

function record({time, kind, conn, direction, data, size, url, asked, chosen, code, reason, clean, text}) {
	const micros = Math.round(time * 1000);
	const r = {time: new Date(micros / 1000).toISOString().replace("Z", String(micros % 1000).padStart(3, "0") + "Z"), type: kind, conn, direction: ways[direction]};
	if (typeof data === "string") return {...r, size, data};
	if (data) return {...r, size, binary: true, data: toBase64(data)};
	if (kind === "open") return {...r, url: url?.replace?.(/(:\/\/[^/@]*:)[^/@]*@/, "$1xxxxx@"), subprotocols: asked?.[0] && asked, subprotocol: chosen || undefined};
	return kind === "close" ? {...r, code, reason, clean} : {...r, text};
}

// read calls add with each entry of a file. Its error names the line.
export async function read(file, add) {
	if (file.size > 256 << 20) throw new Error("the file is too long");
	const all = await file.text();
	for (let n = 1, end, from = 0; from < all.length; n++, from = end) {
		end = all.indexOf("\n", from) + 1 || all.length;
		const text = all.slice(from, end).trim();
		if (text && n % 500 === 0) await new Promise(resolve => setTimeout(resolve)); // lets the page answer
		try {
			const e = text && entry(JSON.parse(text) ?? {});
			if (e) add(e);
		} catch (err) {
			throw new Error(`line ${n} is not a record: ${err.message}`);
		}
	}
}

function entry({time: at, type, conn, direction, data, binary, url, subprotocols: asked, subprotocol: chosen, code, reason = "", clean = code !== 1006, status, text, body}) {
	const time = Date.parse(at), close = type === "close", payload = /^(message|ping|pong)$/.test(type);
	if (typeof type !== "string" || !(time < 8.64e15) || (close || payload) && !/^(in|out)$/.test(direction)
		|| close && !(code >= 1000 && code <= 4999) || payload && typeof data !== "string") throw new Error("a field is missing or wrong");
	const e = {kind: type, conn, time: time + Number("0." + (/\.\d{3}(\d{1,3})/.exec(at)?.[1] || 0)), direction: ways[direction]};
	if (payload) return {...e, data: binary ? fromBase64(data) : data};
	if (close) return {...e, code, reason, clean, text: joined(code, reason)};
	if (type === "open") return {...e, url, asked, chosen, text: joined(url || text, chosen)};
	if (type === "error") return {...e, text: joined(status, text, body)};
}
