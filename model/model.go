// Package model holds the learned parts of the detector, and loads them: an
// autoencoder that tells how unlike a benign host name a prefix is, a random
// forest that judges a window by its 20 features, and an n-gram model that tells
// how many bits a label costs which is spelled as benign ones are.
package model

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"github.com/notunnel/notunnel/model/autoencoder"
	"github.com/notunnel/notunnel/model/feature"
	"github.com/notunnel/notunnel/model/forest"
	"github.com/notunnel/notunnel/model/onnxgraph"
	"github.com/notunnel/notunnel/model/surprisal"
)

// The files of a model folder.
const (
	autoencoderFile = "autoencoder"
	forestFile      = "forest"
	surprisalFile   = "surprisal"
)

//go:embed data/*.onnx data/surprisal.bin data/autoencoder.json data/forest.json data/surprisal.json
var embedded embed.FS

// Models are what an engine judges by. They are immutable.
type Models struct {
	Autoencoder *autoencoder.Plan
	Forest      *forest.Forest
	Surprisal   *surprisal.Model
	Thresholds  forest.Thresholds
	Floor       forest.Floor                 // evidence below which nothing is blocked
	Benign      [feature.Count]feature.Range // where the features lie in benign windows
	SuffixLists []SuffixList                 // that the models were trained by
	ID          string                       // hex digest of all files: equal IDs judge alike
}

// SuffixList is the version of the Public Suffix List that cut the names which a
// model was trained on.
type SuffixList struct {
	Model   string // file of the manifest
	Version string
}

// CutByOthers says of each model that was trained on names cut by another version
// of the list than the given one, in a sentence.
func (m *Models) CutByOthers(version string) (said []string) {
	for _, l := range m.SuffixLists {
		if l.Version != version {
			said = append(said, fmt.Sprintf("%s: trained on names cut by another Public Suffix List (%s) than this build has (%s): below suffixes that differ, scores may be off",
				l.Model, l.Version, version))
		}
	}
	return said
}

// Embedded loads the models of this binary.
func Embedded() (*Models, error) {
	data, err := fs.Sub(embedded, "data")
	if err != nil {
		return nil, err
	}
	return Load(data, "embedded")
}

// Load reads all models and their manifests from a folder; name stands for it
// in errors. A file that is missing, corrupt, of another shape than this build
// runs or other than its manifest says is an error that names it.
func Load(folder fs.FS, name string) (*Models, error) {
	id := sha256.New()
	m, err := loadAutoencoder(folder, name, id)
	if err != nil {
		return nil, err
	}
	if err := m.loadForest(folder, name, id); err != nil {
		return nil, err
	}
	if err := m.loadSurprisal(folder, name, id); err != nil {
		return nil, err
	}
	m.ID = hex.EncodeToString(id.Sum(nil))
	return m, nil
}

// LoadAutoencoder reads only the autoencoder of a folder, for writing the rows
// that a forest is to be trained on.
func LoadAutoencoder(folder fs.FS, name string) (*Models, error) {
	return loadAutoencoder(folder, name, io.Discard)
}

func loadAutoencoder(folder fs.FS, name string, id io.Writer) (*Models, error) {
	var manifest autoencoder.Manifest
	file, data, err := read(folder, name, autoencoderFile, ".onnx", &manifest, &manifest.SHA256, id)
	if err != nil {
		return nil, err
	}
	g, err := onnxgraph.Decode(file, data)
	if err != nil {
		return nil, err
	}
	plan, err := autoencoder.Compile(g, manifest)
	if err != nil {
		return nil, err
	}
	list := SuffixList{Model: path.Join(name, autoencoderFile+".json"), Version: manifest.SuffixList}
	return &Models{Autoencoder: plan, SuffixLists: []SuffixList{list}}, nil
}

func (m *Models) loadForest(folder fs.FS, name string, id io.Writer) error {
	var manifest forest.Manifest
	file, data, err := read(folder, name, forestFile, ".onnx", &manifest, &manifest.SHA256, id)
	if err != nil {
		return err
	}
	g, err := onnxgraph.Decode(file, data)
	if err != nil {
		return err
	}
	manifestFile := path.Join(name, forestFile+".json")
	if err := m.take(&manifest); err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	m.SuffixLists = append(m.SuffixLists, SuffixList{Model: manifestFile, Version: manifest.SuffixList})
	m.Forest, err = forest.Compile(g, feature.Count)
	return err
}

func (m *Models) loadSurprisal(folder fs.FS, name string, id io.Writer) error {
	var manifest surprisal.Manifest
	file, data, err := read(folder, name, surprisalFile, ".bin", &manifest, &manifest.SHA256, id)
	if err != nil {
		return err
	}
	list := SuffixList{Model: path.Join(name, surprisalFile+".json"), Version: manifest.SuffixList}
	m.SuffixLists = append(m.SuffixLists, list)
	m.Surprisal, err = surprisal.Decode(file, data, manifest)
	return err
}

// read reads a manifest and the model it describes, and returns the name of the
// model's file with its bytes; digest points to the manifest's own. Both files
// enter the id.
func read(folder fs.FS, name, base, ending string, manifest any, digest *string, id io.Writer) (file string, data []byte, err error) {
	jsonFile, file := path.Join(name, base+".json"), path.Join(name, base+ending)
	text, err := fs.ReadFile(folder, base+".json")
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", jsonFile, errors.Unwrap(err))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(manifest); err != nil {
		return "", nil, fmt.Errorf("%s: %w", jsonFile, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "", nil, fmt.Errorf("%s: more than one manifest in it", jsonFile)
	}
	data, err = fs.ReadFile(folder, base+ending)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", file, errors.Unwrap(err))
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != *digest {
		return "", nil, fmt.Errorf("%s: sha256 is %s, %s.json says %s: the files are not of one training run", file, got, base, *digest)
	}
	id.Write(text)
	id.Write(data)
	return file, data, nil
}

// take checks the forest's manifest and keeps what the engine needs of it.
func (m *Models) take(manifest *forest.Manifest) error {
	if len(manifest.Features) != feature.Count {
		return fmt.Errorf("%d features, this build has %d", len(manifest.Features), feature.Count)
	}
	for i, name := range manifest.Features {
		if name != feature.Names[i] {
			return fmt.Errorf("feature %d is %q, this build has %q", i+1, name, feature.Names[i])
		}
		usual, ok := manifest.Benign[name]
		if !ok || !(usual.Low <= usual.Median && usual.Median <= usual.High) {
			return fmt.Errorf("benign range of %q is missing or out of order", name)
		}
		m.Benign[i] = usual
	}
	if len(manifest.Benign) != feature.Count {
		return fmt.Errorf("%d benign ranges for %d features", len(manifest.Benign), feature.Count)
	}
	if err := manifest.Thresholds.Check(); err != nil {
		return err
	}
	if manifest.Floor.Events < 1 || manifest.Floor.Information < 1 {
		return fmt.Errorf("floor of %d events and %d bytes of information: at least 1 of each wanted", manifest.Floor.Events, manifest.Floor.Information)
	}
	if manifest.SuffixList == "" {
		return errors.New("suffix_list is missing: which Public Suffix List were the names cut by?")
	}
	m.Thresholds = manifest.Thresholds
	m.Floor = manifest.Floor
	return nil
}
