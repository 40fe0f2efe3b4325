// Package atlascli pins the stock Atlas CLI that the end-to-end tests build and
// drive through the Atlas SDK.
package atlascli
