// Finds and makes elements. Text is always set as text, never as markup.

export const $ = id => document.getElementById(id);
export const put = (id, text) => { $(id).textContent = text; };

export function make(name, attributes, ...children) {
	const e = document.createElement(name);
	for (const key in attributes) e.setAttribute(key, attributes[key]);
	e.append(...children);
	return e;
}

// A fieldset of the class choice gets a radio button for each of its words.
for (const set of document.querySelectorAll(".choice")) {
	set.replaceChildren(...set.textContent.split(" ").map(word => make("label", null,
		make("input", {type: "radio", name: set.id, value: word.toLowerCase()}), make("span", null, word))));
	set.querySelector("input").checked = true;
}

// chosen returns the value of radio buttons, after choosing one with a value.
export function chosen(name, value) {
	const all = [...document.getElementsByName(name)];
	if (value) all.find(e => e.value === value).checked = true;
	return all.find(e => e.checked).value;
}
