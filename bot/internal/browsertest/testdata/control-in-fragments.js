const ws = watch(new WebSocket(wsURL + '/do?hex=010161&hex=890162&hex=000163&hex=8a00&hex=800164&close=1000,'), 'socket', serverLog);
