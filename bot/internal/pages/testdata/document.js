// A stand-in for the document of a page: elements with a value and a text, and XMLHttpRequest.
var window = globalThis, document = { body: {}, readyState: "complete", elements: {},
  getElementById(id) { return this.elements[id] ??= this.createElement(id); },
  getElementsByTagName(name) { return [this.getElementById(name)]; },
  createElement(name) {
    return Object.assign(new EventTarget(), { name, value: "", innerHTML: "", style: {}, focus() {}, setAttribute() {}, appendChild() {} });
  },
};
document.addEventListener = window.addEventListener = function() {};
window.XMLHttpRequest = class {
  headers = {}; readyState = 0; status = 0; responseText = "";
  open(method, url) { this.method = method; this.url = url; }
  setRequestHeader(name, value) { this.headers[name] = value; }
  abort() { this.onreadystatechange = null; }
  async send(body) {
    try {
      const answer = await fetch(this.url, { method: this.method, headers: this.headers, body });
      this.status = answer.status;
      this.responseText = await answer.text();
    } catch (e) {}
    this.readyState = 4;
    if (this.onreadystatechange) this.onreadystatechange();
  }
};
