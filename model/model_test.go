package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/onnxgraph/onnxtest"
)

// folder is a copy of the embedded models that a test may spoil.
func folder(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range []string{"autoencoder.json", "autoencoder.onnx", "forest.json", "forest.onnx", "joint.json", "joint.onnx", "surprisal.json", "surprisal.bin"} {
		data, err := fs.ReadFile(embedded, "data/"+name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

// put replaces a model and writes its digest into the manifest, so that the
// file itself is looked at.
func put(t testing.TB, files fstest.MapFS, base string, data []byte) {
	t.Helper()
	files[modelOf(base)] = &fstest.MapFile{Data: data}
	sum := sha256.Sum256(data)
	edit(t, files, base+".json", func(m map[string]any) { m["sha256"] = hex.EncodeToString(sum[:]) })
}

// modelOf is the file of a model.
func modelOf(base string) string {
	if base == "surprisal" {
		return base + ".bin"
	}
	return base + ".onnx"
}

// edit changes a manifest.
func edit(t testing.TB, files fstest.MapFS, name string, change func(map[string]any)) {
	t.Helper()
	var manifest map[string]any
	if err := json.Unmarshal(files[name].Data, &manifest); err != nil {
		t.Fatal(err)
	}
	change(manifest)
	data, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	files[name] = &fstest.MapFile{Data: data}
}

func TestEmbeddedModelsLoad(t *testing.T) {
	m, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	if m.Autoencoder == nil || m.Forest == nil || m.Surprisal == nil || m.Forest.Features() != feature.Count {
		t.Errorf("incomplete: %+v", m)
	}
	if m.Thresholds.Check() != nil || m.Floor.Events < 1 || m.Floor.Information < 1 {
		t.Errorf("thresholds %+v, floor %+v", m.Thresholds, m.Floor)
	}
	if j := &m.Joint; j.Forest == nil || j.Forest.Features() != feature.JointCount || !(j.Threshold > 0 && j.Threshold <= 1) || j.Floor.SLDs < 2 {
		t.Errorf("joint: %+v", j)
	}
	if len(m.ID) != 64 {
		t.Errorf("ID %q is no SHA-256", m.ID)
	}
	if p, err := m.Forest.Probability(make([]float32, feature.Count)); err != nil || !(p >= 0 && p <= 1) {
		t.Errorf("the forest answers %v, %v", p, err)
	}
	if cost, ok := m.Surprisal.Label([]byte("www")); !ok || cost == 0 {
		t.Errorf("www is spelled for %d, %v", cost, ok)
	}
}

func TestCutByOthers(t *testing.T) {
	files := folder(t)
	edit(t, files, "forest.json", func(m map[string]any) { m["suffix_list"] = "an older list" })
	m, err := Load(files, "models")
	if err != nil {
		t.Fatal(err)
	}
	autoencoders := m.SuffixLists[0].Version
	if said := m.CutByOthers(autoencoders); len(said) != 1 || !strings.HasPrefix(said[0], "models/forest.json: ") ||
		!strings.Contains(said[0], "an older list") || !strings.Contains(said[0], autoencoders) {
		t.Errorf("%q", said)
	}
	if said := m.CutByOthers("a newer list"); len(said) != 4 {
		t.Errorf("%q, want a sentence for each model", said)
	}
}

// The folder that is embedded can also be given by name, and is the same.
func TestLoadFromDisk(t *testing.T) {
	onDisk, err := Load(os.DirFS("data"), "data")
	if err != nil {
		t.Fatal(err)
	}
	if m, err := Embedded(); err != nil || m.ID != onDisk.ID {
		t.Errorf("the same files have IDs %s and %s, %v", onDisk.ID, m.ID, err)
	}
	if _, err := Load(os.DirFS("nowhere"), "nowhere"); err == nil || !strings.HasPrefix(err.Error(), "nowhere/autoencoder.json: ") {
		t.Errorf("a missing folder gives %v", err)
	}
}

// Equal IDs judge alike, so any file that changes the judgement changes the ID.
func TestIDCoversEveryFile(t *testing.T) {
	ids := map[string]string{}
	load := func(what string, files fstest.MapFS) {
		m, err := Load(files, "test")
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if other, ok := ids[m.ID]; ok {
			t.Errorf("%s and %s have the same ID", what, other)
		}
		ids[m.ID] = what
	}
	load("as embedded", folder(t))
	files := folder(t)
	edit(t, files, "forest.json", func(m map[string]any) { m["thresholds"].(map[string]any)["listed"] = 0.999 })
	load("other threshold", files)
	files = folder(t)
	edit(t, files, "autoencoder.json", func(m map[string]any) { m["versions"] = nil })
	load("other autoencoder manifest", files)
	files = folder(t)
	put(t, files, "forest", onnxtest.Forest(feature.Count, onnxtest.Leaf(1)).Marshal())
	load("other forest", files)
	files = folder(t)
	edit(t, files, "surprisal.json", func(m map[string]any) { m["versions"] = nil })
	load("other manifest of the n-gram model", files)
	files = folder(t)
	table := slices.Clone(files["surprisal.bin"].Data)
	table[len(table)-1] = 255 // dearer than before
	put(t, files, "surprisal", table)
	load("other n-gram model", files)
}

func TestLoadMeasuresNeedsNoForest(t *testing.T) {
	files := folder(t)
	maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool {
		return strings.HasPrefix(name, "forest.") || strings.HasPrefix(name, "joint.")
	})
	m, err := LoadMeasures(files, "test")
	if err != nil || m.Autoencoder == nil || m.Surprisal == nil || m.Forest != nil || m.Joint.Forest != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

// Whatever is wrong with a file, Load gives an error that names it.
func TestLoadRefuses(t *testing.T) {
	threshold := func(of string, x float64) func(m map[string]any) {
		return func(m map[string]any) { m["thresholds"].(map[string]any)[of] = x }
	}
	manifest := func(change func(m map[string]any)) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, f fstest.MapFS) { edit(t, f, "forest.json", change) }
	}
	spelling := func(change func(m map[string]any)) func(*testing.T, fstest.MapFS) {
		return func(t *testing.T, f fstest.MapFS) { edit(t, f, "surprisal.json", change) }
	}
	text := func(name string, change func([]byte) []byte) func(*testing.T, fstest.MapFS) {
		return func(_ *testing.T, f fstest.MapFS) {
			f[name] = &fstest.MapFile{Data: change(slices.Clone(f[name].Data))}
		}
	}
	benign := func(m map[string]any, name string) map[string]any {
		return m["benign"].(map[string]any)[name].(map[string]any)
	}
	for _, c := range []struct {
		name    string
		spoil   func(*testing.T, fstest.MapFS)
		wantErr string // its beginning
	}{
		{"no autoencoder", func(_ *testing.T, f fstest.MapFS) { delete(f, "autoencoder.onnx") }, "models/autoencoder.onnx: file does not exist"},
		{"no manifest of it", func(_ *testing.T, f fstest.MapFS) { delete(f, "autoencoder.json") }, "models/autoencoder.json: file does not exist"},
		{"no forest", func(_ *testing.T, f fstest.MapFS) { delete(f, "forest.onnx") }, "models/forest.onnx: file does not exist"},
		{"no manifest of the forest", func(_ *testing.T, f fstest.MapFS) { delete(f, "forest.json") }, "models/forest.json: file does not exist"},
		{"no joint forest", func(_ *testing.T, f fstest.MapFS) { delete(f, "joint.onnx") }, "models/joint.onnx: file does not exist"},
		{"no manifest of the joint forest", func(_ *testing.T, f fstest.MapFS) { delete(f, "joint.json") }, "models/joint.json: file does not exist"},
		{"forest in the joint one's place", func(t *testing.T, f fstest.MapFS) { put(t, f, "joint", f["forest.onnx"].Data) }, "models/joint.onnx: node label (TreeEnsembleClassifier): input"},
		{"joint features exchanged", func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "joint.json", func(m map[string]any) {
				names := m["features"].([]any)
				names[0], names[1] = names[1], names[0]
			})
		}, `models/joint.json: feature 1 is "new_share"`},
		{"a joint floor of one SLD", func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "joint.json", func(m map[string]any) { m["floor"].(map[string]any)["slds"] = 1 })
		}, "models/joint.json: floor of 1 SLDs: at least 2 wanted"},
		{"no n-gram model", func(_ *testing.T, f fstest.MapFS) { delete(f, "surprisal.bin") }, "models/surprisal.bin: file does not exist"},
		{"no manifest of the n-gram model", func(_ *testing.T, f fstest.MapFS) { delete(f, "surprisal.json") }, "models/surprisal.json: file does not exist"},
		{"a folder in a file's place", func(_ *testing.T, f fstest.MapFS) { f["forest.json"] = &fstest.MapFile{Mode: fs.ModeDir} }, "models/forest.json: "},

		{"one bit of the autoencoder", text("autoencoder.onnx", flip), "models/autoencoder.onnx: sha256 is "},
		{"one bit of the forest", text("forest.onnx", flip), "models/forest.onnx: sha256 is "},
		{"one bit of the n-gram model", text("surprisal.bin", flip), "models/surprisal.bin: sha256 is "},
		{"a byte behind the n-gram model", text("surprisal.bin", func(b []byte) []byte { return append(b, 0) }), "models/surprisal.bin: sha256 is "},
		{"manifest without digest", manifest(func(m map[string]any) { delete(m, "sha256") }), "models/forest.onnx: sha256 is "},
		{"empty manifest", text("forest.json", func([]byte) []byte { return nil }), "models/forest.json: EOF"},
		{"manifest is no JSON", text("autoencoder.json", func([]byte) []byte { return []byte("alphabet: abc") }), "models/autoencoder.json: invalid character"},
		{"manifest cut short", text("forest.json", func(b []byte) []byte { return b[:len(b)/2] }), "models/forest.json: unexpected EOF"},
		{"more than one manifest in it", text("forest.json", func(b []byte) []byte { return append(b, b...) }), "models/forest.json: more than one manifest in it"},
		{"unknown field", manifest(func(m map[string]any) { m["treshold"] = 0.5 }), `models/forest.json: json: unknown field "treshold"`},
		{"field of another type", manifest(func(m map[string]any) { m["thresholds"] = "high" }), "models/forest.json: json: cannot unmarshal string"},

		{"two features exchanged", manifest(func(m map[string]any) {
			f := m["features"].([]any)
			f[8], f[9] = f[9], f[8]
		}), `models/forest.json: feature 9 is "segment_ratio", this build has "ae_loss"`},
		{"a feature missing", manifest(func(m map[string]any) { m["features"] = m["features"].([]any)[1:] }), "models/forest.json: 19 features, this build has 20"},
		{"a feature too many", manifest(func(m map[string]any) { m["features"] = append(m["features"].([]any), "ttl") }), "models/forest.json: 21 features"},
		{"a benign range missing", manifest(func(m map[string]any) { delete(m["benign"].(map[string]any), "len_std") }), `models/forest.json: benign range of "len_std" is missing`},
		{"a benign range too many", manifest(func(m map[string]any) { m["benign"].(map[string]any)["ttl"] = map[string]any{} }), "models/forest.json: 21 benign ranges"},
		{"a benign range upside down", manifest(func(m map[string]any) {
			r := benign(m, "ae_loss")
			r["low"], r["median"], r["high"] = 3, 2, 1
		}), `models/forest.json: benign range of "ae_loss" is missing or out of order`},
		{"threshold 0", manifest(threshold("unknown", 0)), "models/forest.json: threshold 0 of unknown domains is not in (0,1]"},
		{"threshold above 1", manifest(threshold("popular", 1.01)), "models/forest.json: threshold 1.01 of popular domains is not in (0,1]"},
		{"negative threshold", manifest(threshold("listed", -0.5)), "models/forest.json: threshold -0.5 of listed domains"},
		{"no thresholds", manifest(func(m map[string]any) { delete(m, "thresholds") }), "models/forest.json: threshold 0 of unknown domains"},
		{"no suffix list", manifest(func(m map[string]any) { delete(m, "suffix_list") }), "models/forest.json: suffix_list is missing"},
		{"no suffix list of the autoencoder", func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "autoencoder.json", func(m map[string]any) { m["suffix_list"] = "" })
		}, "models/autoencoder.onnx: manifest: suffix_list is missing"},
		{"no floor", manifest(func(m map[string]any) { delete(m, "floor") }), "models/forest.json: floor of 0 events"},
		{"floor of no information", manifest(func(m map[string]any) { m["floor"].(map[string]any)["information"] = 0 }), "models/forest.json: floor of "},
		{"other alphabet", func(t *testing.T, f fstest.MapFS) {
			edit(t, f, "autoencoder.json", func(m map[string]any) { m["alphabet"] = "abc" })
		}, `models/autoencoder.onnx: manifest: alphabet "abc"`},

		{"other alphabet of the n-gram model", spelling(func(m map[string]any) { m["alphabet"] = "abc" }), `models/surprisal.bin: manifest: alphabet "abc"`},
		{"other unit", spelling(func(m map[string]any) { m["unit"] = 8 }), "models/surprisal.bin: manifest: unit of 1/8 bit"},
		{"other layout", spelling(func(m map[string]any) { m["layout"] = 2 }), "models/surprisal.bin: manifest: layout 2"},
		{"a row more", spelling(func(m map[string]any) { m["rows"] = m["rows"].(float64) + 1 }), "models/surprisal.bin: "},
		{"no suffix list of the n-gram model", spelling(func(m map[string]any) { delete(m, "suffix_list") }), "models/surprisal.bin: manifest: suffix_list is missing"},
		{"unknown field of the n-gram model", spelling(func(m map[string]any) { m["base"] = 2 }), `models/surprisal.json: json: unknown field "base"`},
		{"a context without row", func(t *testing.T, f fstest.MapFS) {
			table := slices.Clone(f["surprisal.bin"].Data)
			table[1] = 0xff
			put(t, f, "surprisal", table)
		}, `models/surprisal.bin: context "aaa" at byte 0: row `},
		{"a row above 1", func(t *testing.T, f fstest.MapFS) {
			table := slices.Clone(f["surprisal.bin"].Data)
			table[len(table)-1] = 0
			put(t, f, "surprisal", table)
		}, "models/surprisal.bin: row 3599 at byte 258999: its probabilities sum to "},
		{"forest as n-gram model", func(t *testing.T, f fstest.MapFS) { put(t, f, "surprisal", f["forest.onnx"].Data) }, "models/surprisal.bin: "},

		{"empty model", func(t *testing.T, f fstest.MapFS) { put(t, f, "forest", nil) }, "models/forest.onnx: empty file"},
		{"model is text", func(t *testing.T, f fstest.MapFS) { put(t, f, "forest", []byte("# a forest")) }, "models/forest.onnx: "},
		{"autoencoder as forest", func(t *testing.T, f fstest.MapFS) { put(t, f, "forest", f["autoencoder.onnx"].Data) }, "models/forest.onnx: 10 nodes, one TreeEnsembleClassifier wanted"},
		{"forest as autoencoder", func(t *testing.T, f fstest.MapFS) { put(t, f, "autoencoder", f["forest.onnx"].Data) }, "models/autoencoder.onnx: "},
		{"forest over 19 features", func(t *testing.T, f fstest.MapFS) {
			put(t, f, "forest", onnxtest.Forest(feature.Count-1, onnxtest.Leaf(1)).Marshal())
		}, "models/forest.onnx: node label (TreeEnsembleClassifier): input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := folder(t)
			c.spoil(t, files)
			m, err := Load(files, "models")
			if err == nil || !strings.HasPrefix(err.Error(), c.wantErr) {
				t.Errorf("error %v\nwanted %s", err, c.wantErr)
			}
			if m != nil {
				t.Error("models were returned with an error")
			}
		})
	}
}

// flip changes one bit in the middle.
func flip(data []byte) []byte {
	data[len(data)/2] ^= 1
	return data
}

// A model cut short anywhere is refused even when the manifest agrees with it.
func TestLoadRefusesTruncatedModels(t *testing.T) {
	whole := folder(t)
	for base, step := range map[string]int{"autoencoder": 251, "forest": 60_013, "joint": 30_011, "surprisal": 10_007} {
		data := whole[modelOf(base)].Data
		for size := 0; size < len(data); size += step {
			files := maps.Clone(whole)
			put(t, files, base, data[:size])
			if _, err := Load(files, "models"); err == nil || !strings.HasPrefix(err.Error(), "models/"+modelOf(base)+": ") {
				t.Errorf("%s cut to %d of %d bytes: %v", modelOf(base), size, len(data), err)
			}
		}
	}
}

// On disk, too, an error says which file it is about.
func TestLoadNamesFilesOnDisk(t *testing.T) {
	dir := t.TempDir()
	for name, file := range folder(t) {
		if err := os.WriteFile(filepath.Join(dir, name), file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(os.DirFS(dir), dir); err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(dir, "forest.onnx")
	if err := os.Remove(broken); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(os.DirFS(dir), dir); err == nil || !strings.HasPrefix(err.Error(), broken+": no such file") {
		t.Errorf("error %v does not name %s", err, broken)
	}
}

// FuzzLoad gives any bytes for either model, with a manifest that agrees. A
// small forest stands for the embedded one, whose megabytes would take up all
// the time.
func FuzzLoad(f *testing.F) {
	whole := folder(f)
	small := onnxtest.Forest(feature.Count, &onnxtest.Tree{AtMost: 1, Yes: onnxtest.Leaf(0), No: onnxtest.Leaf(1)}).Marshal()
	put(f, whole, "forest", small)
	f.Add(false, whole["autoencoder.onnx"].Data)
	f.Add(true, whole["autoencoder.onnx"].Data)
	f.Add(true, small)
	f.Add(true, small[:len(small)-3])
	f.Add(false, small)
	f.Fuzz(func(t *testing.T, isForest bool, data []byte) {
		base := "autoencoder"
		if isForest {
			base = "forest"
		}
		files := maps.Clone(whole)
		put(t, files, base, bytes.Clone(data))
		m, err := Load(files, "models")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "models/"+base+".") {
				t.Errorf("error does not name %s: %v", base, err)
			}
			return
		}
		m.Autoencoder.Loss([]byte("www"))
		if p, err := m.Forest.Probability(make([]float32, feature.Count)); err != nil || !(p >= 0 && p <= 1) {
			t.Errorf("the forest answers %v, %v", p, err)
		}
	})
}
