// Package bench measures the commands as whole processes, beside the tools that
// they are compared with, in one run: `mage bench` prints the medians.
package bench
