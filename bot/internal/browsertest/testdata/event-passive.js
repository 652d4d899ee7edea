const target = new EventTarget();
const prevents = (e) => { e.preventDefault(); print(e.defaultPrevented); };
const dispatch = () => print(target.dispatchEvent(new Event('x', {cancelable: true})));
target.addEventListener('x', prevents, {passive: true});
dispatch();
target.addEventListener('x', (e) => { e.returnValue = false; print(e.defaultPrevented); }, {passive: true, once: true});
dispatch();
target.addEventListener('x', (e) => prevents(e)); // after a passive one
dispatch();
print(target.dispatchEvent(new Event('x')));
const last = new Event('y', {cancelable: true});
target.addEventListener('y', prevents, {passive: true});
target.dispatchEvent(last);
prevents(last); // no listener is called any more
done();
