// Command airsocket is a WebSocket server and a WebSocket client for people and
// scripts.
//
//	airsocket serve            run a server on ws://127.0.0.1:10081/: echo, programs, TCP, files
//	airsocket connect URL      talk to a WebSocket server
//	airsocket load URL         measure a server with many connections
//	airsocket record URL       record what clients and a server send
//	airsocket replay FILE URL  repeat a recording, and compare
//
//	airsocket help COMMAND     print what a command does, its flags and examples
//	airsocket version          print the version of the program
//	airsocket completion SHELL print a script for the completion of a shell
//	airsocket man              print the manual page
package main

import "github.com/airsocket/airsocket/cmd/airsocket/internal/program"

func main() { program.Main() }
