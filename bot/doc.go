// Package bot runs scripts that were written for the browser: their WebSocket is that of
// the browser, on top of package airsocket.
//
//	program, err := bot.Compile("hello.js", source)
//	if err != nil {
//		log.Fatal(err)
//	}
//	err = bot.New(program, nil).Run(context.Background())
//
// Many bots can share a Program. Each has an engine and a Dispatcher of its own, which is
// its event loop, and costs no goroutine while it waits.
package bot
