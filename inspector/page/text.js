// How texts, numbers and times are shown.

// What is invisible or changes how other text is shown, but for the joiners of words and emoji.
const hidden = /(?![\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/gu;
const units = c => c.replace(/[^]/g, u => "\\u" + u.charCodeAt().toString(16).padStart(4, "0"));

export const escaped = (text, kept = "") => text.replace(hidden, c => kept.includes(c) ? c : c === "\n" ? "\\n" : units(c));
export const lines = text => escaped(text, "\n\t");

export const line = (text, max = 500) => escaped(String(text).slice(0, max)) + (text.length > max ? " …" : "");

export const joined = (...parts) => parts.filter(p => p).join(" · ");

export const utf8 = text => new TextEncoder().encode(text);
export const count = n => n.toLocaleString("en");
export const many = (n, one, more = one + "s") => `${count(n)} ${n === 1 ? one : more}`;

export const size = n => n < 1024 ? `${n} B` : n < 1 << 20 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / (1 << 20)).toFixed(1)} MiB`;

export const duration = ms => ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;

const day = new Intl.DateTimeFormat("en-GB", {hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3});
export const clock = time => day.format(time);

export const hex = bytes => Array.from(bytes, b => b.toString(16).padStart(2, "0")).join(" ");
