#!/bin/bash
# Makes the sample presentation anew: sample.ism, sample.ismc, sample_*.ismv and sample_text.ismt.
# Needs ffmpeg 5.1 with libx264, libfreetype and libfontconfig, the DejaVu fonts, and Node.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

seconds=20
audio_kbit=48
exact=(-fflags +bitexact -flags +bitexact -threads 1)

ff() { ffmpeg -hide_banner -loglevel error -nostdin -y "$@"; }

# Prints the filter graph of the picture: a ball that touches the ground at every full second, a bar
# that fills once in a fragment of 2 s, and a clock.
picture() { # width height kbit/s
  local width=$1 height=$2 kbit=$3
  local text="drawtext=font=DejaVu Sans Mono:fontcolor=white:x=(w-tw)/2:\
box=1:boxcolor=black@0.45:boxborderw=$((height / 60))"
  local minutes='%{eif\:n/1500\:d\:2}' hundredths='%{eif\:mod(n,25)*4\:d\:2}'
  local clock="$minutes\\:%{eif\\:mod(n/25,60)\\:d\\:2}.$hundredths"
  cat <<EOF
gradients=size=640x360:rate=25:seed=7:speed=0.02:x0=80:y0=45:x1=560:y1=315:
nb_colors=4:c0=0x14213d:c1=0x1d6f78:c2=0x6d3a6b:c3=0x2b4c9b,
scale=$width:$height:flags=bicubic+accurate_rnd+bitexact,format=yuv420p[sky];
color=color=0x8ecae6:size=${width}x$((height / 36)):rate=25[bar];
color=color=0xffb703:size=$((height / 6))x$((height / 6)):rate=25,format=yuva420p,
geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='255*clip(W/2-hypot(X-W/2+0.5,Y-H/2+0.5),0,1)'[ball];
[sky][bar]overlay=x='W*(mod(t,2)/2-1)':y=H-h[ground];
[ground][ball]overlay=x='(W-w)*abs(mod(t/2,2)-1)':y='H*35/36-h-H*3.1*mod(t,1)*(1-mod(t,1))',
$text:fontsize=h/14:y=h/20:text='${width}x${height}  ${kbit} kbit/s',
$text:fontsize=h/4:y=(h-th)/2:text='$clock',
$text:fontsize=h/14:y=h*0.7:text='frame %{eif\\:n\\:d\\:3}  fragment %{eif\\:n/50\\:d}'[picture]
EOF
}

# Prints the expressions of the sound: a bell on every full second, one of four notes, heard from
# where the ball is. It starts 30 ms late and fades to nothing, so that both ends of the file are
# silent and a loop does not click.
sound() {
  local note='pow(2,(4*eq(ld(1),1)+7*eq(ld(1),2)+9*eq(ld(1),3))/12)'
  local wave='(sin(ld(2))+0.4*sin(2*ld(2))*exp(-6*ld(0))+0.2*sin(3.01*ld(2))*exp(-12*ld(0)))'
  local envelope='gte(ld(0),0)*min(1,150*ld(0))*exp(-4*ld(0))*(0.97-ld(0))'
  local bell="(st(0,mod(t,1)-0.03);st(1,mod(floor(t),4));st(2,2*PI*440*$note*ld(0));\
0.4*$envelope*$wave)"
  local right='abs(mod(t/2,2)-1)'
  echo "aevalsrc='$bell*(1-0.6*$right)|$bell*(0.4+0.6*$right)':s=48000:d=$seconds:c=stereo"
}

# Encodes the video in two passes, a closed group of 50 frames to a fragment. filter_units drops the
# SEI message in which x264 names its settings; noise drops the AAC packet before time 0, which only
# primes the decoder.
encode() { # width height kbit/s [sound]
  local width=$1 height=$2 kbit=$3 sound_input=() sound_output=()
  if [[ ${4-} == sound ]]; then
    sound_input=(-f lavfi -i "$(sound)")
    sound_output=(-map 0:a -c:a aac -b:a "${audio_kbit}k" -metadata:s:a:0 language=eng
      -bsf:a "noise=amount=0:drop=lt(pts\,0)")
  fi
  picture "$width" "$height" "$kbit" > "$work/picture.txt"
  local video=(-filter_complex_script "$work/picture.txt" -map "[picture]" -t "$seconds"
    -c:v libx264 -preset veryslow -profile:v high -refs 4 -bf 0 -g 50 -keyint_min 50 -sc_threshold 0
    -b:v "${kbit}k" -maxrate "$((kbit * 5 / 4))k" -bufsize "$((kbit * 2))k"
    -passlogfile "$work/pass" -bsf:v filter_units=remove_types=6)
  ff "${video[@]}" "${exact[@]}" -pass 1 -f null -
  ff "${sound_input[@]}" "${video[@]}" "${exact[@]}" -pass 2 "${sound_output[@]}" \
    -f ismv "$work/sample_$kbit.ismv"
}

encode 640 360 560 sound
encode 384 216 250
encode 256 144 110
npx tsx make.ts "$work" "$audio_kbit" 560 250 110
