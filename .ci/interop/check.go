// Checks what `ledger` wrote with another implementation: golang.org/x/mod/sumdb/{note,tlog}.
//
//	check note VKEY CHECKPOINT
//	check inclusion VKEY PROOF LINE          a tlog-proof and the entry's line
//	check consistency VKEY OLD PROOF         the older checkpoint and the answer of `ledger consistency`
//	check tiles VKEY DIR LINES               re-hashes the lines into tiles and compares them all
//
// It knows nothing of the ledger's own formats but that an entry's line, without its newline, is a leaf.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) < 4 {
		fail("see the head of check.go")
	}
	vkey, args := os.Args[2], os.Args[3:]
	switch os.Args[1] {
	case "note":
		tree := open(vkey, read(args[0]))
		fmt.Printf("note: %d entries, root %s\n", tree.N, tree.Hash)
	case "inclusion":
		inclusion(vkey, string(read(args[0])), bytes.TrimSuffix(read(args[1]), []byte("\n")))
	case "consistency":
		consistency(vkey, read(args[0]), string(read(args[1])))
	case "tiles":
		tiles(vkey, args[0], read(args[1]))
	default:
		fail("no such check")
	}
}

// open gives the tree of a checkpoint that the key signed; the key's name must be the origin.
func open(vkey string, text []byte) tlog.Tree {
	verifier, err := note.NewVerifier(vkey)
	must(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("not a checkpoint of this origin: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

func inclusion(vkey, proof string, line []byte) {
	head, checkpoint, found := strings.Cut(proof, "\n\n")
	rows := strings.Split(head, "\n")
	if !found || len(rows) < 2 || rows[0] != "c2sp.org/tlog-proof@v1" {
		fail("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(rows[1], "index "), 10, 64)
	must(err)
	tree := open(vkey, []byte(checkpoint))
	must(tlog.CheckRecord(hashes(rows[2:]), tree.N, tree.Hash, index, tlog.RecordHash(line)))
	if tlog.CheckRecord(hashes(rows[2:]), tree.N, tree.Hash, index, tlog.RecordHash(append(line, ' '))) == nil {
		fail("the proof holds for another line")
	}
	fmt.Printf("inclusion: entry %d of %d\n", index, tree.N)
}

func consistency(vkey string, old []byte, proof string) {
	head, checkpoint, found := strings.Cut(proof, "\n\n")
	rows := strings.Split(head, "\n")
	before, after := open(vkey, old), open(vkey, []byte(checkpoint))
	if !found || rows[0] != fmt.Sprintf("old %d", before.N) {
		fail("not a proof from %d entries", before.N)
	}
	must(tlog.CheckTree(hashes(rows[1:]), after.N, after.Hash, before.N, before.Hash))
	fmt.Printf("consistency: %d entries continue %d\n", after.N, before.N)
}

// tiles makes every tile from the lines, as Go's own log does, and compares them byte by byte.
func tiles(vkey, dir string, lines []byte) {
	tree := open(vkey, read(filepath.Join(dir, "checkpoint")))
	records := bytes.SplitAfter(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n"))[:tree.N]
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, index := range indexes {
			out = append(out, stored[index])
		}
		return out, nil
	})
	for index, record := range records {
		more, err := tlog.StoredHashes(int64(index), bytes.TrimSuffix(record, []byte("\n")), reader)
		must(err)
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if root != tree.Hash {
		fail("the lines do not make the checkpoint's root")
	}
	expected := 0
	for _, tile := range newest(tree.N) {
		// Go's layout of the path has the height in it, C2SP's has not
		path := filepath.Join(dir, "tile", strings.TrimPrefix(tile.Path(), "tile/8/"))
		data, err := tlog.ReadTileData(tile, reader)
		must(err)
		if !bytes.Equal(data, read(path)) {
			fail("tile %s differs", path)
		}
		expected++
	}
	for first := int64(0); first < tree.N; first += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: int(min(256, tree.N-first))}
		path := filepath.Join(dir, "tile", "entries", strings.TrimPrefix(tile.Path(), "tile/8/0/"))
		var bundle []byte
		for _, record := range records[first:min(first+256, tree.N)] {
			line := bytes.TrimSuffix(record, []byte("\n"))
			bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(line)))
			bundle = append(bundle, line...)
		}
		if !bytes.Equal(bundle, read(path)) {
			fail("bundle %s differs", path)
		}
		expected++
	}
	fmt.Printf("tiles: %d files over %d entries, byte for byte\n", expected, tree.N)
}

// newest lists the tiles of a tree of that size: full ones, and on each level the widest partial one.
func newest(size int64) []tlog.Tile {
	var out []tlog.Tile
	for level := 0; size>>(8*level) > 0; level++ {
		count := size >> (8 * level)
		for n := int64(0); n<<8 < count; n++ {
			out = append(out, tlog.Tile{H: 8, L: level, N: n, W: int(min(256, count-n<<8))})
		}
	}
	return out
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func hashes(rows []string) []tlog.Hash {
	var out []tlog.Hash
	for _, row := range rows {
		out = append(out, hash(row))
	}
	return out
}

func hash(text string) tlog.Hash {
	raw, err := base64.StdEncoding.DecodeString(text)
	must(err)
	if len(raw) != tlog.HashSize {
		fail("not a hash: %q", text)
	}
	var out tlog.Hash
	copy(out[:], raw)
	return out
}

func read(path string) []byte {
	raw, err := os.ReadFile(path)
	must(err)
	return raw
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "check: "+format+"\n", args...)
	os.Exit(1)
}
