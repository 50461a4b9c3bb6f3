package main

func hasty() {}
