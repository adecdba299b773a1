package segment

// byHand holds prefixes cut by people before the lexicon existed. The first
// two are the published examples; the rest mix languages, host names, numbers
// and random strings. Words are divided by spaces.
var byHand = []struct {
	prefix, words string
}{
	{"facebooksecurity", "face book security"},
	{"youjf34gwid86fih", "you j f 34 g w id 86 f i h"},

	{"smtp-relay", "smtp relay"},
	{"static-assets", "static assets"},
	{"loginmicrosoftonline", "login microsoft online"},
	{"onlinebanking", "online banking"},
	{"www2", "www 2"},
	{"autodiscover.mail", "auto discover mail"},
	{"safebrowsing", "safe browsing"},
	{"clientservices.prod", "client services prod"},
	{"kundenportal", "kunden portal"},
	{"meinkonto", "mein konto"},
	{"bibliotecavirtual", "biblioteca virtual"},
	{"centrodeayuda", "centro de ayuda"},
	{"espaceclient", "espace client"},
	{"monespacesante", "mon espace sante"},
	{"areariservata", "area riservata"},
	{"mijnoverheid", "mijn overheid"},
	{"minhaconta", "minha conta"},
	{"mojekonto", "moje konto"},
	{"musterihizmetleri", "musteri hizmetleri"},
	{"internetbanken", "internet banken"},
	{"layananpelanggan", "layanan pelanggan"},
	{"printer-4200.office", "printer 4200 office"},
	{"ip-10-0-3-17", "ip 10 0 3 17"},
	{"ns1.dns", "ns 1 dns"},
	{"softwareupdate", "software update"},
	{"teamdashboard", "team dashboard"},
	{"weatherforecast7day", "weather forecast 7 day"},
	{"sslvpngateway", "ssl vpn gateway"},
	{"shoppingcart", "shopping cart"},
	{"thequickbrownfox", "the quick brown fox"},
	{"paymentgatewaysandbox", "payment gateway sandbox"},
	{"_sip._tcp", "sip tcp"},
	{"_acme-challenge", "acme challenge"},
	{"s3.bucket-backups", "s 3 bucket backups"},
	{"qzkxvw", "q z k x v w"},
	{"x7k2m9", "x 7 k 2 m 9"},
	{"bxlkyxrh", "b x l k y x r h"},
	{"4a6f686e", "4 a 6 f 686 e"},
	{"ad=ok+1/2", "ad = ok + 1 / 2"},
	{"\xe9t\xe9", "\xe9 t \xe9"},
}
