const ws = watch(new WebSocket(respond(...accepted, 'X-Long: ' + 'x'.repeat(6000))));
ws.onopen = () => ws.close();
