package cluster

import (
	"errors"
	"fmt"
	"strings"
)

// MaxTopic is the length of the longest encoded name of a topic, in bytes. NATS ends the
// connection of a client whose command line is longer than 4 KiB.
const MaxTopic = 2048

// ErrTopicTooLong is returned by Subscribe and Publish if the encoded name of the topic is
// longer than MaxTopic. Messages under this topic stay in the process.
var ErrTopicTooLong = errors.New("cluster: the name of the topic is too long for NATS; use a shorter name")

const hexDigits = "0123456789ABCDEF"

// isPlain reports whether c stands for itself in a subject.
func isPlain(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '_' || c == '/' || c == ':' || c == '@'
}

// encodedLen returns the length of the encoded name of a topic.
func encodedLen(topic string) int {
	n := len(topic)
	for i := range len(topic) {
		if !isPlain(topic[i]) {
			n += 2
		}
	}
	return max(n, 1)
}

// subjectOf returns the subject of a topic: prefix and the encoded name.
func subjectOf(prefix, topic string) (string, error) {
	n := encodedLen(topic)
	switch {
	case n > MaxTopic:
		return "", fmt.Errorf("%w (encoded, it has %d bytes, and may have %d)", ErrTopicTooLong, n, MaxTopic)
	case topic == "":
		return prefix + "%", nil
	case n == len(topic):
		return prefix + topic, nil
	}
	b := make([]byte, 0, len(prefix)+n)
	b = append(b, prefix...)
	for i := range len(topic) {
		if c := topic[i]; isPlain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b), nil
}

// topicOf undoes subjectOf. It reports whether subject is the subject of a topic.
func topicOf(prefix, subject string) (topic string, ok bool) {
	name, ok := strings.CutPrefix(subject, prefix)
	if !ok || name == "" {
		return "", false
	}
	if name == "%" {
		return "", true
	}
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '%' {
			if i+2 >= len(name) {
				return "", false
			}
			high, low := strings.IndexByte(hexDigits, name[i+1]), strings.IndexByte(hexDigits, name[i+2])
			if c = byte(high<<4 | low); high < 0 || low < 0 || isPlain(c) {
				return "", false
			}
			i += 2
		} else if !isPlain(c) {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

// maxName is the length of the longest name of a cluster, in bytes.
const maxName = 256

// checkName returns an error unless name can begin a subject.
func checkName(name string) error {
	if len(name) > maxName {
		return fmt.Errorf("cluster: the name of the cluster has %d bytes, and may have %d", len(name), maxName)
	}
	for word := range strings.SplitSeq(name, ".") {
		if word == "" {
			return fmt.Errorf("cluster: the name %q of the cluster has an empty word", name)
		}
		for i := range len(word) {
			if !isPlain(word[i]) {
				return fmt.Errorf("cluster: the name %q of the cluster has the character %q; use ASCII letters, digits, '-' and '_', and '.' between words", name, word[i])
			}
		}
	}
	return nil
}
