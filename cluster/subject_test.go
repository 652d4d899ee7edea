package cluster

import (
	"errors"
	"strings"
	"testing"
)

// TestSubjects checks how the names of topics are encoded.
func TestSubjects(t *testing.T) {
	for topic, want := range map[string]string{
		"":              "chat.%",
		"news":          "chat.news",
		"user:1/a@b_-Z": "chat.user:1/a@b_-Z",
		"1 June":        "chat.1%20June",
		"a.b":           "chat.a%2Eb",
		"*":             "chat.%2A",
		">":             "chat.%3E",
		"%":             "chat.%25",
		"\x00\r\n\xff":  "chat.%00%0D%0A%FF",
		"ü":             "chat.%C3%BC",
	} {
		got, err := subjectOf("chat.", topic)
		if got != want || err != nil {
			t.Errorf("the subject of %q is %q %v, want %q", topic, got, err, want)
		}
	}
	for _, subject := range []string{"", "chat", "chat.", "chats.a", "chat.a%", "chat.%2", "chat.%zz", "chat.%2a", "chat.%41", "chat.a.b", "chat.a b", "chat.%%"} {
		if topic, ok := topicOf("chat.", subject); ok {
			t.Errorf("%q is taken for the subject of %q", subject, topic)
		}
	}
}

// TestLongTopics checks the limit of the encoded name.
func TestLongTopics(t *testing.T) {
	for topic, fits := range map[string]bool{
		strings.Repeat("a", MaxTopic):            true,
		strings.Repeat("a", MaxTopic+1):          false,
		strings.Repeat(".", MaxTopic/3):          true,
		strings.Repeat(".", MaxTopic/3+1):        false,
		strings.Repeat("a", MaxTopic-2) + ".":    false,
		strings.Repeat("a", MaxTopic-3) + "\x00": true,
	} {
		if _, err := subjectOf("chat.", topic); errors.Is(err, ErrTopicTooLong) == fits {
			t.Errorf("a name of %d bytes: %v", len(topic), err)
		}
	}
}

// TestNames checks which names a cluster can have.
func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"chat": true, "app.chat-2_x": true,
		"": false, ".": false, "a..b": false, "a.": false, "a b": false, "*": false, "a.>": false, "ü": false, "a\r\nb": false,
		strings.Repeat("x", maxName): true, strings.Repeat("x", maxName+1): false,
	} {
		if err := checkName(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// FuzzSubjects checks that subjects give back their topics, so that no two topics share
// one, and that no other subjects are taken for them.
func FuzzSubjects(f *testing.F) {
	f.Add("news", "chat.a%2Eb")
	f.Add("", "chat.%")
	f.Fuzz(func(t *testing.T, topic, subject string) {
		if encoded, err := subjectOf("chat.", topic); err == nil {
			if strings.ContainsAny(encoded[len("chat."):], " .*>\t\r\n\x00") {
				t.Errorf("%q has the subject %q", topic, encoded)
			}
			if back, ok := topicOf("chat.", encoded); !ok || back != topic {
				t.Errorf("%q has become %q", topic, back)
			}
		}
		if decoded, ok := topicOf("chat.", subject); ok && len(subject) <= MaxTopic {
			if back, err := subjectOf("chat.", decoded); err != nil || back != subject {
				t.Errorf("%q and %q are subjects of %q", subject, back, decoded)
			}
		}
	})
}
