// Package bench measures the commands as whole processes, together with the tools that they are compared with: `mage
// bench` prints the medians. It knows nothing of how the commands work.
package bench
