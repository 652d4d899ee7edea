// Chat runs a chat on three nodes, each in a process of its own. What is said on one is
// seen on all, because NATS connects them. It starts a NATS server, unless it is given
// the URL of one.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"sync"

	"github.com/airsocket/airsocket/cluster/internal/natsserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// names are the names of the nodes.
var names = []string{"a", "b", "c"}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	natsURL := flags.String("nats", "", "URL of a NATS server, instead of starting one")
	port := flags.Int("port", 8081, "port of the first node, with the others on the next ones; 0 for any")
	node := flags.String("node", "", "run only a node of this name, until the standard input ends")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *node != "" {
		return runNode(*node, *natsURL, *port, stdin, stdout)
	}

	if *natsURL == "" {
		s, err := natsserver.Start(0)
		if err != nil {
			return err
		}
		defer s.WaitForShutdown()
		defer s.Shutdown()
		*natsURL = s.ClientURL()
	}
	return runAll(ctx, *natsURL, *port, stdout)
}

// runAll runs the nodes until ctx ends, or none is left.
func runAll(ctx context.Context, natsURL string, port int, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	var left sync.WaitGroup
	defer left.Wait()
	defer cancel()
	for i, name := range names {
		nodePort := 0
		if port != 0 {
			nodePort = port + i
		}
		n, err := startNode(name, natsURL, nodePort)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "node %s: %s\n", name, n.url)
		left.Go(func() {
			err := n.wait(ctx)
			if ctx.Err() == nil {
				fmt.Fprintf(stdout, "node %s has ended: %v\n", name, cmp.Or(err, errors.New("without an error")))
			}
		})
	}
	left.Wait()
	return nil
}

// A child is a node in a process of its own.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	url   string
}

// startNode starts a node, and returns when it serves.
func startNode(name, natsURL string, port int) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-node", name, "-nats", natsURL, "-port", fmt.Sprint(port))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		return nil, fmt.Errorf("node %s has not started: %w", name, cmp.Or(cmd.Wait(), io.ErrUnexpectedEOF))
	}
	return &child{cmd, stdin, lines.Text()}, nil
}

// wait returns when the node has ended. It ends it when ctx ends.
func (n *child) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { n.stdin.Close() })
	defer stop()
	return n.cmd.Wait()
}
