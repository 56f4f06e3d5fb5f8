package carbon

// names gives every series in use a small number, so that a point in the
// outbox holds four bytes in place of a string, and so that a name is checked
// once and not with every point. A number is given again when its series has
// been removed.
type names struct {
	ids  map[string]uint32
	list []name
	free []uint32
}

type name struct {
	series string
	points uint32
	held   slot // list of its points while they are held
	state  acquaintance
	list   uint16 // index of its archives in the outbox
	gone   int64  // end of the newest bucket that was lost; Unix seconds
}

func (n *names) find(series string) (uint32, bool) {
	id, ok := n.ids[series]
	return id, ok
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
