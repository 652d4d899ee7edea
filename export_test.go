package airsocket

import "github.com/airsocket/airsocket/wire"

// Predetermine has the clients of o use keys that a test knows: random fills
// those of opening handshakes, mask makes those of frames.
func (o *Options) Predetermine(random func([]byte), mask func() [4]byte) {
	set := o.settings()
	set.random = random
	for v := range set.configs[wire.Client] {
		set.configs[wire.Client][v].MaskKey = mask
	}
}

// BubbleID is bubbleID.
func BubbleID() uint64 { return bubbleID() }
