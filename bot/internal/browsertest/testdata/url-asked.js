// What the server is asked for.
const ask = (path) => (next) => { const ws = new WebSocket(wsURL + path); ws.onopen = () => ws.close(); ws.onclose = next; };
inTurn(ask('/a/../b'), ask('/%zz'), ask('/a b'), ask('/\u00e9?\u00e9'), ask('?q'), ask(''), ask('//a//b'), ask('/%2e/c'), ask('/a%2fb'), ask('/?'), ask('/a?b?c=d&e'), ask("/'?'"), ask('/"|"'), serverLog);
