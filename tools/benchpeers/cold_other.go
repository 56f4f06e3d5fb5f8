//go:build !linux

package main

import "errors"

func forget(string) error { return errors.New("only Linux can be told to forget a file") }
