(function (count, now) {
  // expect waits for an event of a target, such as a message of a WebSocket, and returns a
  // promise for it. If it does not come in time, or the connection ends before, the promise
  // is rejected.
  function expect(target, type, options) {
    const { within = 5000, where = () => true } = options || {};
    const begun = now();
    return new Promise((resolve, reject) => {
      const end = (ok, settle, value) => {
        clearTimeout(timer);
        target.removeEventListener(type, listen);
        target.removeEventListener("close", ended);
        count(ok, now() - begun);
        settle(value);
      };
      const listen = (event) => {
        let found;
        try {
          found = where(event);
        } catch (err) {
          return end(false, reject, err);
        }
        if (found) {
          end(true, resolve, event);
        }
      };
      const ended = (event) => {
        end(false, reject, new Error(`expected ${type}, but the connection was closed with code ${event.code}`));
      };
      const timer = setTimeout(() => {
        end(false, reject, new Error(`expected ${type} within ${within} ms`));
      }, within);
      target.addEventListener(type, listen);
      if (type !== "close") {
        target.addEventListener("close", ended);
      }
    });
  }
  return { expect, default: expect };
})
