package feature

// Count is the length of a feature vector.
const Count = 20

// Vector is one window as the forest sees it, in the order of Names.
type Vector [Count]float32

// Names are the features in the order of a Vector. The manifest beside the
// forest repeats them; a model trained on another order does not load.
var Names = [Count]string{
	"entropy_mean",
	"entropy_std",
	"entropy_cum",
	"answer_entropy_cum",
	"unique_qname_ratio",
	"char_evenness",
	"distinct_chars",
	"digit_share",
	"ae_loss",
	"ae_loss_std",
	"ae_surprise",
	"segment_ratio",
	"len_mean",
	"len_std",
	"longest_label_mean",
	"labels_mean",
	"evidence",
	"carrier_share",
	"hyphen_share",
	"changed_bytes",
}

// Range is where a feature lies in benign traffic: the 5th percentile, the
// median and the 95th percentile of the training windows.
type Range struct {
	Low    float32 `json:"low"`
	Median float32 `json:"median"`
	High   float32 `json:"high"`
}
