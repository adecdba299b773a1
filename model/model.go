// Package model holds the learned parts of the detector, and loads them: an
// autoencoder that tells how unlike a benign host name a prefix is, a random
// forest that judges a window by its 20 features, a small one that judges a client over
// all its unknown SLDs, and an n-gram model that tells how many bits a label costs which
// is spelled as benign ones are.
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
	jointFile       = "joint"
	surprisalFile   = "surprisal"
)

//go:embed data/*.onnx data/surprisal.bin data/autoencoder.json data/forest.json data/joint.json data/surprisal.json
var embedded embed.FS

// Files are the names of the files of a model folder.
func Files() []string {
	return []string{
		autoencoderFile + ".json", autoencoderFile + ".onnx", forestFile + ".json", forestFile + ".onnx",
		jointFile + ".json", jointFile + ".onnx", surprisalFile + ".json", surprisalFile + ".bin",
	}
}

// Models are what an engine judges by. They are immutable.
type Models struct {
	Autoencoder *autoencoder.Plan
	Forest      *forest.Forest
	Surprisal   *surprisal.Model
	Thresholds  forest.Thresholds
	Floor       forest.Floor                 // evidence below which nothing is blocked
	Benign      [feature.Count]feature.Range // where the features lie in benign windows
	HeldOut     HeldOut                      // how the forest fared
	Joint       Joint
	SuffixLists []SuffixList // that the models were trained by
	ID          string       // hex digest of the manifests, which hold those of the other files: equal IDs judge alike
}

// HeldOut is how often forests flagged benign pairs that were held out in training, as its
// manifest says. Zero if it does not.
type HeldOut struct {
	Benign  int // pairs
	Flagged int // of those, wrongly
}

// Joint is what clients are judged by over all their unknown SLDs.
type Joint struct {
	Forest    *forest.Forest
	Threshold float64                           // score from which SLDs are flagged, in (0,1]
	Floor     forest.Floor                      // evidence below which nothing is blocked
	Benign    [feature.JointCount]feature.Range // where the features lie for benign clients
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
	if err := m.loadJoint(folder, name, id); err != nil {
		return nil, err
	}
	if err := m.loadSurprisal(folder, name, id); err != nil {
		return nil, err
	}
	m.ID = hex.EncodeToString(id.Sum(nil))
	return m, nil
}

// LoadMeasures reads only what a name is measured by, autoencoder and surprisal, for
// writing the rows that the forests are to be trained on.
func LoadMeasures(folder fs.FS, name string) (*Models, error) {
	m, err := loadAutoencoder(folder, name, io.Discard)
	if err != nil {
		return nil, err
	}
	return m, m.loadSurprisal(folder, name, io.Discard)
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
	f, manifest, err := m.readForest(folder, name, forestFile, feature.Names[:], m.Benign[:], id)
	if err != nil {
		return err
	}
	m.Forest, m.Thresholds, m.Floor = f, manifest.Thresholds, manifest.Floor
	m.HeldOut = HeldOut{Benign: manifest.Training.HeldOut["benign_sessions"], Flagged: manifest.Training.HeldOut["benign_flagged"]}
	return nil
}

func (m *Models) loadJoint(folder fs.FS, name string, id io.Writer) error {
	j := &m.Joint
	f, manifest, err := m.readForest(folder, name, jointFile, feature.JointNames[:], j.Benign[:], id)
	if err != nil {
		return err
	}
	if manifest.Floor.SLDs < 2 {
		return fmt.Errorf("%s: floor of %d SLDs: at least 2 wanted", path.Join(name, jointFile+".json"), manifest.Floor.SLDs)
	}
	j.Forest, j.Threshold, j.Floor = f, manifest.Thresholds.Unknown, manifest.Floor
	return nil
}

// readForest reads a forest over the named features, and where these lie in benign
// traffic.
func (m *Models) readForest(folder fs.FS, name, base string, features []string, benign []feature.Range, id io.Writer) (*forest.Forest, *forest.Manifest, error) {
	var manifest forest.Manifest
	file, data, err := read(folder, name, base, ".onnx", &manifest, &manifest.SHA256, id)
	if err != nil {
		return nil, nil, err
	}
	g, err := onnxgraph.Decode(file, data)
	if err != nil {
		return nil, nil, err
	}
	manifestFile := path.Join(name, base+".json")
	if err := check(&manifest, features, benign); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	m.SuffixLists = append(m.SuffixLists, SuffixList{Model: manifestFile, Version: manifest.SuffixList})
	f, err := forest.Compile(g, len(features))
	return f, &manifest, err
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
// model's file with its bytes; digest points to the manifest's own. Only the
// manifest enters the id: by the digest it stands for the model, too.
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
	return file, data, nil
}

// check checks a forest's manifest and takes the benign ranges from it.
func check(manifest *forest.Manifest, features []string, benign []feature.Range) error {
	if len(manifest.Features) != len(features) {
		return fmt.Errorf("%d features, this build has %d", len(manifest.Features), len(features))
	}
	for i, name := range manifest.Features {
		if name != features[i] {
			return fmt.Errorf("feature %d is %q, this build has %q", i+1, name, features[i])
		}
		usual, ok := manifest.Benign[name]
		if !ok || !(usual.Low <= usual.Median && usual.Median <= usual.High) {
			return fmt.Errorf("benign range of %q is missing or out of order", name)
		}
		benign[i] = usual
	}
	if len(manifest.Benign) != len(features) {
		return fmt.Errorf("%d benign ranges for %d features", len(manifest.Benign), len(features))
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
	return nil
}
