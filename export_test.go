package airsocket

// Queued returns how many connections wait for the turn of d without a goroutine.
func (d *Dispatcher) Queued() int { return int(d.queued.Load()) }
