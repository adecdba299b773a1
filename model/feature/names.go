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
	"unique_answer_ratio",
	"distinct_chars",
	"distinct_chars_ratio",
	"ae_loss",
	"segment_ratio",
	"bits_mean",
	"bits_std",
	"bits_per_byte",
	"new_share",
	"bits_up",
	"longest_label_mean",
	"len_std",
	"down_mean",
	"down",
	"hyphen_share",
}

// Range is where a feature lies in benign traffic: the 5th percentile, the
// median and the 95th percentile of the training windows.
type Range struct {
	Low    float32 `json:"low"`
	Median float32 `json:"median"`
	High   float32 `json:"high"`
}
