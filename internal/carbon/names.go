package carbon

// names gives every series in use a small number, so that a point in the
// outbox holds four bytes in place of a string, and so that a name is checked
// once and not with every point. A number is given again when its series has
// been removed.
type names struct {
	ids  map[string]uint32
	list []name
	free []uint32
	last uint32 // number of the one that was found last
}

type name struct {
	series string
	points timeline
	next   uint32 // number of the one that was found after it last
	held   slot   // list of its points while they are held
	state  acquaintance
	list   uint16 // index of its archives in the outbox
	gone   int64  // end of the newest bucket that was lost; Unix seconds
}

// find returns the number of a series. Buckets have their series in the same
// order, so it is nearly always the one that was found after the last one before.
func (n *names) find(series string) (id uint32, ok bool) {
	if series == "" || len(n.list) == 0 {
		return 0, false
	}
	last := &n.list[n.last]
	if id = last.next; n.list[id].series != series {
		if id, ok = n.ids[series]; !ok {
			return 0, false
		}
		last.next = id
	}
	n.last = id
	return id, true
}

func (n *names) add(series string) uint32 {
	if n.ids == nil {
		n.ids = make(map[string]uint32)
	}
	var id uint32
	if last := len(n.free) - 1; last >= 0 {
		id, n.free = n.free[last], n.free[:last]
		n.list[id].series = series
	} else {
		id = uint32(len(n.list))
		n.list = append(n.list, name{series: series})
	}
	n.ids[series] = id
	return id
}

func (n *names) remove(id uint32) {
	delete(n.ids, n.list[id].series)
	n.list[id] = name{}
	n.free = append(n.free, id)
}

func (n *names) series(id uint32) string { return n.list[id].series }

// idle says whether a series has no point in the outbox.
func (n *name) idle() bool { return len(n.points.points()) == 0 }
