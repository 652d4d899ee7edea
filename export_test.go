package airsocket

// BubbleID is bubbleID.
func BubbleID() uint64 { return bubbleID() }
