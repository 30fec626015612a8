package loop

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"syscall"
)

const backlog = 4096

// waiter is a file descriptor in the poller. Its flags remember readiness between edges, so that a read is
// only tried when it can succeed.
type waiter struct {
	fd       int
	readable bool
	writable bool
	hungUp   bool  // the peer's end has been reported; it will not be reported again
	task     *Task // waits for the next edge; nil when none does
}

func (w *waiter) ready(events uint32) {
	w.readable = w.readable || events&readMask != 0
	w.hungUp = w.hungUp || events&hangupMask != 0
	w.writable = w.writable || events&writeMask != 0
	if t := w.task; t != nil {
		w.task = nil
		t.loop.step(t)
	}
}

func (w *waiter) await(t *Task) error {
	if t.loop.expired {
		return ErrDeadline
	}
	w.task = t
	t.park()
	w.task = nil
	if t.loop.expired {
		return ErrDeadline
	}
	return nil
}

func (l *Loop) watch(fd int) (*waiter, error) {
	if err := l.poller.add(fd); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	w := &waiter{fd: fd}
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = w
	return w, nil
}

func (l *Loop) unwatch(w *waiter) {
	if l.conns[w.fd] == w {
		l.conns[w.fd] = nil
		syscall.Close(w.fd)
	}
}

// Conn is a TCP connection that belongs to one task.
type Conn struct {
	waiter *waiter
	task   *Task
}

// Read reads at least one byte; io.EOF when the peer has closed its side.
func (c *Conn) Read(buf []byte) (int, error) {
	for {
		if !c.waiter.readable {
			if err := c.waiter.await(c.task); err != nil {
				return 0, err
			}
			continue
		}
		n, errno := rawRead(c.waiter.fd, buf)
		switch {
		case errno == syscall.EAGAIN:
			c.waiter.readable = false
		case errno == syscall.EINTR:
		case errno != 0:
			return 0, os.NewSyscallError("read", errno)
		case n == 0:
			return 0, io.EOF
		default:
			// A short read has emptied the socket; data or an end that comes later raises a new edge.
			c.waiter.readable = n == len(buf) || c.waiter.hungUp
			return n, nil
		}
	}
}

// Write writes all bytes.
func (c *Conn) Write(buf []byte) (int, error) {
	done := 0
	for done < len(buf) {
		n, errno := rawWrite(c.waiter.fd, buf[done:])
		switch {
		case errno == syscall.EAGAIN:
			if c.waiter.writable = false; c.awaitWritable() != nil {
				return done, ErrDeadline
			}
		case errno == syscall.EINTR:
		case errno != 0:
			return done, os.NewSyscallError("write", errno)
		default:
			done += n
		}
	}
	return done, nil
}

func (c *Conn) awaitWritable() error {
	for !c.waiter.writable {
		if err := c.waiter.await(c.task); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the connection.
func (c *Conn) Close() { c.task.loop.unwatch(c.waiter) }

func (t *Task) open(fd int) (*Conn, error) {
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		syscall.Close(fd)
		return nil, os.NewSyscallError("setsockopt", err)
	}
	w, err := t.loop.watch(fd)
	if err != nil {
		return nil, err
	}
	return &Conn{waiter: w, task: t}, nil
}

func socketFor(address netip.AddrPort) (int, syscall.Sockaddr, error) {
	const kind = syscall.SOCK_STREAM | syscall.SOCK_CLOEXEC | syscall.SOCK_NONBLOCK
	ip := address.Addr().Unmap()
	family, peer := syscall.AF_INET6, syscall.Sockaddr(&syscall.SockaddrInet6{Port: int(address.Port()), Addr: address.Addr().As16()})
	if ip.Is4() {
		family, peer = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(address.Port()), Addr: ip.As4()}
	}
	fd, err := syscall.Socket(family, kind, 0)
	return fd, peer, os.NewSyscallError("socket", err)
}

// Dial connects to a numeric address.
func (t *Task) Dial(address netip.AddrPort) (*Conn, error) {
	fd, peer, err := socketFor(address)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, peer); err != nil && err != syscall.EINPROGRESS {
		syscall.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	c, err := t.open(fd)
	if err != nil {
		return nil, err
	}
	if err := c.awaitWritable(); err != nil {
		c.Close()
		return nil, err
	}
	code, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	if err != nil {
		c.Close()
		return nil, os.NewSyscallError("connect", err)
	}
	return c, nil
}

// Listen binds a numeric address and serves every connection in a task of its own, which closes it when serve
// returns. It gives back the address with the port that was taken.
func (l *Loop) Listen(address netip.AddrPort, serve func(*Task, *Conn)) (netip.AddrPort, error) {
	fd, local, err := socketFor(address)
	if err != nil {
		return address, err
	}
	bound, err := bind(fd, local)
	if err != nil {
		syscall.Close(fd)
		return address, err
	}
	w, err := l.watch(fd)
	if err != nil {
		return address, err
	}
	l.Go(func(t *Task) {
		for w.await(t) == nil {
			l.acceptAll(fd, serve)
		}
		l.unwatch(w)
	})
	return netip.AddrPortFrom(address.Addr(), bound), nil
}

func bind(fd int, local syscall.Sockaddr) (uint16, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, local); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	if err := syscall.Listen(fd, backlog); err != nil {
		return 0, os.NewSyscallError("listen", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	switch a := name.(type) {
	case *syscall.SockaddrInet4:
		return uint16(a.Port), nil
	case *syscall.SockaddrInet6:
		return uint16(a.Port), nil
	}
	return 0, fmt.Errorf("loop: listening on an unknown family %T", name)
}

// acceptAll takes every connection that waits. When descriptors run out the rest stays in the kernel's queue
// until the next one arrives.
func (l *Loop) acceptAll(fd int, serve func(*Task, *Conn)) {
	for {
		peer, _, err := syscall.Accept4(fd, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
		if err == syscall.EINTR || err == syscall.ECONNABORTED {
			continue
		}
		if err != nil {
			return
		}
		l.Go(func(t *Task) {
			c, err := t.open(peer)
			if err != nil {
				return
			}
			defer c.Close()
			serve(t, c)
		})
	}
}
