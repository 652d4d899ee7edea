// A socket that is closed while it waits for another to open never asks the server.
const first = new WebSocket(wsURL + '/hold?first');
const second = watch(new WebSocket(wsURL + '/hold?second'), 'second', () => print('first is', first.readyState));
const third = new WebSocket(wsURL + '/hold?third');
second.close();
third.onopen = () => { first.close(); third.close(); };
third.onclose = () => serverLog();
