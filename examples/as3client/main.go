// As3client is the client of the README of AS3WebSocket
// (com.worlize.websocket.WebSocket), line by line.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("as3client", flag.ContinueOnError)
	url := flags.String("url", "wss://localhost:4321/foo?bing=baz", "server to connect to")
	if err := flags.Parse(args); err != nil {
		return err
	}

	opts := airsocket.AS3Options()
	opts.Origin = "*"
	opts.DeflateStream = true // offered only in the versions that have it: 6 to 8
	websocket := airsocket.NewSocket(opts)

	handleWebSocketOpen := func(*airsocket.OpenEvent) {
		fmt.Fprintln(stdout, "Connected")
		websocket.Send("Hello World!\n")
		websocket.SendBytes(writeUTF(nil, "Hello as Binary Message!"))
	}
	handleWebSocketClosed := func(*airsocket.CloseEvent) {
		fmt.Fprintln(stdout, "Disconnected")
	}
	handleConnectionFail := func(event *airsocket.ErrorEvent) {
		fmt.Fprintln(stdout, "Connection Failure:", event.Err)
	}
	handleWebSocketMessage := func(event *airsocket.MessageEvent) {
		if event.Binary() {
			fmt.Fprintln(stdout, "Got binary message of length", len(event.Bytes()))
		} else {
			fmt.Fprintln(stdout, "Got message:", event.Text())
		}
	}

	airsocket.AddEventListener(websocket, airsocket.EventClose, handleWebSocketClosed)
	airsocket.AddEventListener(websocket, airsocket.EventOpen, handleWebSocketOpen)
	airsocket.AddEventListener(websocket, airsocket.EventMessage, handleWebSocketMessage)
	airsocket.AddEventListener(websocket, airsocket.EventError, handleConnectionFail)
	airsocket.Run(func() { err = websocket.Connect(*url, "my-chat-protocol") })
	return err
}

// writeUTF does what ByteArray.writeUTF does: it appends the length in 16 bits
// and then the text.
func writeUTF(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}
