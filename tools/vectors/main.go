// Writes wire/testdata/sealed_signals.json by CIRCL, an implementation of HPKE that shares no code with
// @hpke/core, and cuts RFC 9180's own vectors, which CIRCL brings, to the suite and the modes that are
// used. Nothing else needs Go; this is run by hand when the messages change:
//
//	cd tools/vectors
//	go run . "$(go list -m -f '{{.Dir}}' github.com/cloudflare/circl)/hpke/testdata/vectors_rfc9180_5f503c5.json.gz"
//	mv *.json ../../wire/testdata && cd ../.. && npm run format
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/cloudflare/circl/hpke"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func seq(first, count int) []byte {
	out := make([]byte, count)
	for i := range out {
		out[i] = byte(first + i)
	}
	return out
}

var b64 = base64.RawURLEncoding.EncodeToString

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

type vector struct {
	Name   string         `json:"name"`
	Sender map[string]any `json:"sender"`
	Offer  string         `json:"offer"`
	Time   uint64         `json:"time"`
	Nonce  string         `json:"nonce"`
	Ikm    string         `json:"ikm"`
	Signal map[string]any `json:"signal"`
	Answer map[string]any `json:"answer"`
}

func main() {
	kem := hpke.KEM_P256_HKDF_SHA256
	suite := hpke.NewSuite(kem, hpke.KDF_HKDF_SHA256, hpke.AEAD_AES128GCM)
	hostPub, hostPriv := kem.Scheme().DeriveKeyPair(seq(0x10, 32))
	devPub, devPriv := kem.Scheme().DeriveKeyPair(seq(0x50, 32))
	hostRaw, devRaw := must(hostPub.MarshalBinary()), must(devPub.MarshalBinary())
	hostD, devD := must(hostPriv.MarshalBinary()), must(devPriv.MarshalBinary())
	secret := seq(0xa0, 16)
	psk := must(hkdf.Key(sha256.New, secret, nil, "lighthouse-pairing/1 psk", 32))
	pairTag := must(hkdf.Key(sha256.New, secret, nil, "lighthouse-pairing/1 tag", 32))
	devTag := seq(0xc0, 32)
	challengePub, challengePriv := kem.Scheme().DeriveKeyPair(seq(0x90, 32))
	challengeRaw, challengeD := must(challengePub.MarshalBinary()), must(challengePriv.MarshalBinary())
	proofOf := func(offer, answer string) []byte {
		own := must(ecdh.P256().NewPrivateKey(challengeD))
		shared := must(own.ECDH(must(ecdh.P256().NewPublicKey(devRaw))))
		a, b := sha256.Sum256([]byte(offer)), sha256.Sum256([]byte(answer))
		info := concat([]byte("lighthouse-proof/1"), a[:], b[:])
		return must(hkdf.Key(sha256.New, shared, nil, string(info), 32))
	}
	sdp := "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n"
	answerSdp := "v=0\r\no=rtc 2890844526 0 IN IP4 127.0.0.1\r\ns=-\r\n"
	quote := func(v any) string {
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			panic(err)
		}
		return string(bytes.TrimSpace(buf.Bytes()))
	}
	make := func(name, kind string, number int, offer, answer string) vector {
		time := uint64(1_795_651_200_000 + number)
		nonce, ikm, iv := seq(number*16, 16), seq(number*32, 32), seq(0x70+number, 12)
		sender := must(suite.NewSender(hostPub, []byte("lighthouse-signal/1 offer")))
		var enc []byte
		var context hpke.Sealer
		var err error
		if kind == "pairing" {
			enc, context, err = sender.SetupAuthPSK(bytes.NewReader(ikm), devPriv, psk, []byte("lighthouse-pairing/1"))
		} else {
			enc, context, err = sender.SetupAuth(bytes.NewReader(ikm), devPriv)
		}
		if err != nil {
			panic(err)
		}
		aad := concat([]byte("lighthouse-signal/1 offer"), binary.BigEndian.AppendUint64(nil, time), nonce)
		ct := must(context.Seal([]byte(offer), aad))
		signal := map[string]any{"type": "sealed-offer", "v": 1, "time": time, "nonce": b64(nonce), "enc": b64(enc), "ct": b64(ct)}
		from := map[string]any{"kind": kind}
		var device, tagKey []byte
		switch kind {
		case "paired":
			tagKey = devTag
			from["tagKey"] = hex.EncodeToString(devTag)
		case "pairing":
			device, tagKey = devRaw, pairTag
			from["secret"] = hex.EncodeToString(secret)
			from["psk"] = hex.EncodeToString(psk)
			from["tagKey"] = hex.EncodeToString(pairTag)
		case "stranger":
			device = devRaw
		}
		if device != nil {
			signal["device"] = b64(device)
		}
		if tagKey != nil {
			digest := sha256.Sum256(concat(aad, enc, []byte{byte(len(device))}, device, ct))
			mac := hmac.New(sha256.New, tagKey)
			mac.Write(digest[:])
			signal["tag"] = b64(mac.Sum(nil)[:16])
		}
		key := context.Export([]byte("lighthouse-signal/1 answer"), 16)
		gcm := must(cipher.NewGCM(must(aes.NewCipher(key))))
		sealed := gcm.Seal(nil, iv, []byte(answer), concat([]byte("lighthouse-signal/1 answer"), nonce))
		answered := map[string]any{
			"text": answer, "key": hex.EncodeToString(key), "iv": hex.EncodeToString(iv),
			"signal": map[string]any{"type": "sealed-answer", "v": 1, "ct": b64(concat(iv, sealed))},
		}
		if kind != "stranger" {
			answered["proof"] = hex.EncodeToString(proofOf(sdp, answerSdp))
		}
		return vector{name, from, offer, time, hex.EncodeToString(nonce), hex.EncodeToString(ikm), signal, answered}
	}
	origin, challenge := quote("https://page.example"), quote(b64(challengeRaw))
	vectors := []vector{
		make("a paired device, answered", "paired", 1, `{"sdp":`+quote(sdp)+`,"origin":`+origin+`}`,
			`{"time":1795651200042,"sdp":`+quote(answerSdp)+`,"device":{"id":"abcdefghijklmnop","name":"my phone"},"challenge":`+challenge+`}`),
		make("a pairing, answered", "pairing", 2, `{"sdp":`+quote(sdp)+`,"origin":`+origin+`,"name":"Firefox on Android"}`,
			`{"time":1795651200043,"sdp":`+quote(answerSdp)+`,"device":{"id":"abcdefghijklmnop","name":"Zoë’s phone"},"tagKey":`+quote(b64(devTag))+`,"challenge":`+challenge+`}`),
		make("a stranger, refused", "stranger", 3, `{"sdp":`+quote(sdp)+`,"origin":`+origin+`}`,
			`{"time":1795651200044,"refused":{"code":"clock-skew","message":"The page's clock is wrong"}}`),
	}
	write := func(file string, value any) {
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			panic(err)
		}
		if err := os.WriteFile(file, buf.Bytes(), 0o644); err != nil {
			panic(err)
		}
	}
	x := func(b []byte) string { return hex.EncodeToString(b) }
	write("sealed_signals.json", map[string]any{
		"about":     "Sealed signals of docs/security.md, written by CIRCL 1.6.5 (Go). Byte strings are hex; those of signals are base64url.",
		"host":      map[string]any{"private": x(hostD), "public": x(hostRaw)},
		"device":    map[string]any{"private": x(devD), "public": x(devRaw)},
		"challenge": map[string]any{"private": x(challengeD), "public": x(challengeRaw)},
		"signals":   vectors,
	})

	// RFC 9180's.
	file := must(os.Open(os.Args[1]))
	all := must(io.ReadAll(must(gzip.NewReader(file))))
	var list []map[string]any
	if err := json.Unmarshal(all, &list); err != nil {
		panic(err)
	}
	var kept []map[string]any
	for _, v := range list {
		if v["kem_id"] == 16.0 && v["kdf_id"] == 1.0 && v["aead_id"] == 1.0 && (v["mode"] == 2.0 || v["mode"] == 3.0) {
			out := map[string]any{}
			for _, name := range []string{"mode", "info", "ikmE", "ikmS", "ikmR", "psk", "psk_id", "enc", "pkRm", "pkSm", "pkEm", "skRm", "skSm", "skEm", "shared_secret", "exporter_secret", "exports"} {
				if value, ok := v[name]; ok {
					out[name] = value
				}
			}
			out["encryptions"] = v["encryptions"].([]any)[:3]
			kept = append(kept, out)
		}
	}
	write("rfc9180.json", map[string]any{
		"about":   "RFC 9180, appendix A.3: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, in the modes Auth (2) and AuthPSK (3). From test-vectors.json at 5f503c5 of github.com/cfrg/draft-irtf-cfrg-hpke, the first three encryptions of each.",
		"vectors": kept,
	})
	fmt.Println(len(vectors), len(kept))
}
