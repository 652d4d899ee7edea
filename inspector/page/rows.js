// Rows shows those of many rows that are in sight. All have the same height.

import {make} from "./element.js";

const extra = 8; // rows above and below what is in sight

export class Rows {
	#space = make("div", {class: "space", role: "presentation"}); // with the height of all
	#drawn = new Map(); // elements by key
	#count = 0;
	#height = 24;

	// draw returns the element of a row, and key what tells rows apart.
	constructor(box, draw, key = i => i) {
		Object.assign(this, {box, draw, key});
		box.replaceChildren(this.#space);
		box.addEventListener("scroll", () => this.#show());
		new ResizeObserver(() => this.update()).observe(box);
	}

	get page() { return Math.max(1, Math.floor(this.box.clientHeight / this.#height)); }
	get atEnd() { return this.box.scrollTop + this.box.clientHeight >= (this.#count - .5) * this.#height; }

	// update shows count rows, after n that were first have gone.
	update(count = this.#count, n = 0) {
		this.#count = count;
		if (!this.#space.firstChild) this.#show(); // to be measured
		const height = this.#space.firstChild?.getBoundingClientRect().height || this.#height;
		const top = (this.box.scrollTop / this.#height - n) * height, moved = n || height !== this.#height;
		this.#height = height;
		this.#space.style.height = `${count * height}px`;
		if (moved) this.box.scrollTop = top;
		this.#show();
	}

	reveal(i) {
		const {box} = this, top = i * this.#height, bottom = top + this.#height - box.clientHeight;
		box.scrollTop = Math.max(Math.min(box.scrollTop, top), bottom);
		this.#show();
	}

	element(i) { return this.#drawn.get(this.key(i)); }

	#show() {
		const from = Math.max(0, Math.floor(this.box.scrollTop / this.#height) - extra);
		const to = Math.min(this.#count, from + this.page + 2 * extra + 2);
		const drawn = new Map();
		for (let i = from; i < to; i++) {
			const key = this.key(i), e = this.#drawn.get(key) || this.draw(i);
			e.style.top = `${i * this.#height}px`;
			e.key = key;
			drawn.set(key, e);
		}
		this.#drawn = drawn;
		for (const e of [...this.#space.children]) if (drawn.get(e.key) !== e) e.remove();
		let at = this.#space.firstChild;
		for (const e of drawn.values()) {
			if (e === at) at = at.nextSibling;
			else this.#space.insertBefore(e, at);
		}
	}
}
