// Package browsertest runs the same scripts in Chromium and in a bot, and compares what
// they print, line by line.
//
// A script is a file testdata/NAME.js. It shows one behavior and calls done when it has
// finished. What Chromium prints is in testdata/NAME.txt, so that bots are also compared
// where there is no Chromium; TestInteropChromium compares it with the Chromium of this
// machine, and with -update writes it. A script has the globals print, done, wsURL, httpURL
// and closedURL, and the functions of testdata/prelude/prelude.js. The server gives each path a
// behavior; server_test.go lists them.
package browsertest
