package cmdline

var Elsewhere = elsewhere
