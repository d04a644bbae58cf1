//go:build race

package casework

const underRace = true
