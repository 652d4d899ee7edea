const ws = watch(new WebSocket(wsURL + '/do?hex=010161&hex=000162&hex=800163&hex=0200&hex=0000&hex=8000&hex=0201ff&hex=8001fe&hex=0102e282&hex=8001ac&close=1000,'), 'socket', serverLog);
