package claim

import "net"

// address is in Linux's abstract namespace, which needs no directory that all
// users can write to and leaves nothing behind.
func address(name string) string { return "@" + label(name) }

func listen(name string) (net.Listener, error) { return net.Listen("unix", address(name)) }
